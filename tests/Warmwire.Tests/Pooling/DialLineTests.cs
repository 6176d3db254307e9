using Warmwire.Pooling;
using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>How the dials of a burst come to threads.</summary>
public class DialLineTests
{
    private readonly FakeTime _time = new();
    private readonly Queue<IThreadPoolWorkItem> _threadPool = new();
    private readonly List<(long Ticket, int Asking)> _begun = [];
    private readonly DialLine _line;

    public DialLineTests() =>
        _line = new DialLine(_time, dial => _begun.Add((dial.StartedAtTicket, _threadPool.Count)), _threadPool.Enqueue);

    [Fact]
    public void One_dial_asks_for_a_thread_and_the_next_does_before_it_begins()
    {
        Add(3);
        Assert.Single(_threadPool);
        RunOne();
        Assert.Equal([(0, 1)], _begun);
        RunOne();
        RunOne();
        Assert.Equal([(0, 1), (1, 1), (2, 0)], _begun);
        Assert.Empty(_threadPool);

        Add(1);
        RunOne();
        Assert.Equal(4, _begun.Count);
    }

    [Fact]
    public void When_threads_are_late_all_ask_for_one()
    {
        Add(10);
        _time.Advance(PoolLimits.LateTurn);
        RunOne();
        Assert.Equal([(0, 9)], _begun);
        Add(1);
        while (_threadPool.Count > 0)
        {
            RunOne();
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(static n => (long)n).Append(0), _begun.Select(static dial => dial.Ticket));
    }

    [Fact]
    public async Task A_dial_that_blocks_its_thread_holds_up_no_other()
    {
        using var release = new ManualResetEventSlim();
        int calls = 0;
        using var rig = new PoolRig();
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = rig.Network.ConnectAsync;
        using PooledHttpHandler handler = rig.Network.CreateHandler(settings => settings.ConnectCallback = (context, token) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                release.Wait(CancellationToken.None);
            }

            return connect(context, token);
        });
        using var invoker = new HttpMessageInvoker(handler);
        Task<HttpResponseMessage>[] all =
            [.. Enumerable.Range(0, 4).Select(_ => invoker.SendAsync(Request(HttpMethod.Get), CancellationToken.None))];
        try
        {
            for (int i = 0; i < 3; i++)
            {
                await rig.Network.NextDialAsync();
            }
        }
        finally
        {
            release.Set();
        }

        rig.ServeAll();
        foreach (Task<HttpResponseMessage> response in all)
        {
            (await rig.Done(response)).Dispose();
        }
    }

    private void Add(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _line.Add(new PlannedDial(Waiter: null, DialReason.AllBusy, StartedAtTicket: i));
        }
    }

    private void RunOne() => _threadPool.Dequeue().Execute();
}
