using Warmwire.Http2;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2;

public class Http2SignalTests
{
    [Fact]
    public async Task Who_waits_goes_on_when_it_is_set_and_elsewhere()
    {
        var signal = new Http2Signal();
        ValueTask waiting = signal.Arm_NeedsLock();
        Assert.True(signal.IsArmed);
        Assert.False(waiting.IsCompleted);
        bool setting = false, inline = false;
        int setter = Environment.CurrentManagedThreadId;
        Task waiter = WaitAsync();
        Volatile.Write(ref setting, true);
        signal.Set_NeedsLock();
        Volatile.Write(ref setting, false);
        Assert.False(signal.IsArmed);
        await Guard.Within(waiter, () => "the waiter");
        Assert.False(inline, "not on the stack that sets it, which holds a lock");

        async Task WaitAsync()
        {
            await waiting.ConfigureAwait(false);
            inline = Volatile.Read(ref setting) && Environment.CurrentManagedThreadId == setter;
        }
    }

    [Fact]
    public void Setting_it_while_nobody_waits_is_not_remembered()
    {
        var signal = new Http2Signal();
        signal.Set_NeedsLock();
        ValueTask waiting = signal.Arm_NeedsLock();
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task It_serves_again_and_again()
    {
        var signal = new Http2Signal();
        for (int i = 0; i < 1000; i++)
        {
            ValueTask waiting = signal.Arm_NeedsLock();
            signal.Set_NeedsLock();
            signal.Set_NeedsLock(); // told once
            await Guard.Within(waiting.AsTask(), () => $"the waiter of round {i}");
        }
    }

    [Fact]
    public async Task It_may_be_armed_again_by_the_flow_that_goes_on()
    {
        var signal = new Http2Signal();
        var gate = new Lock();
        int rounds = 0;
        Task writer = WriteAsync();
        while (!writer.IsCompleted)
        {
            lock (gate)
            {
                signal.Set_NeedsLock();
            }
        }

        await writer;
        Assert.Equal(2000, rounds);

        async Task WriteAsync()
        {
            for (; rounds < 2000; rounds++)
            {
                ValueTask waiting;
                lock (gate)
                {
                    waiting = signal.Arm_NeedsLock();
                }

                await waiting.ConfigureAwait(false);
            }
        }
    }
}
