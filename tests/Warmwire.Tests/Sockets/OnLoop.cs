using System.Runtime.CompilerServices;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Sockets;

/// <summary>Runs code of a test as a callback of an event loop: on the thread that leads it.</summary>
internal sealed class OnLoop : IDisposable
{
    private readonly SocketPair _pair;

    private OnLoop(EventLoopGroup group, SocketPair pair)
    {
        Group = group;
        _pair = pair;
    }

    public EventLoopGroup Group { get; }

    public static async Task<OnLoop> StartAsync()
    {
        var group = new EventLoopGroup(loops: 1);
        return new OnLoop(group, await SocketPair.OpenAsync(group));
    }

    /// <summary>Runs it in the next callback. One at a time.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> code)
    {
        Task<T> running = InCallbackAsync(code);
        await _pair.Peer.SendAsync("x"u8.ToArray());

        // Elsewhere again, whatever the code ended on.
        return await Guard.Within(running, () => "the callback").ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
    }

    public Task RunAsync(Action code) => RunAsync(() =>
    {
        code();
        return Task.FromResult(0);
    });

    /// <summary>Goes on behind all that was put off so far, on the loop.</summary>
    public static BehindAwaitable Behind() => default;

    public void Dispose()
    {
        _pair.Dispose();
        Group.Dispose();
    }

    private async Task<T> InCallbackAsync<T>(Func<Task<T>> code)
    {
        await _pair.ReadAsync(1).ConfigureAwait(false);
        return await code().ConfigureAwait(false);
    }

    internal readonly struct BehindAwaitable : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public BehindAwaitable GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => DeferredWork.Run(new Work(continuation));
    }
}

/// <summary>Work as the library puts it off.</summary>
internal sealed class Work(Action action) : IThreadPoolWorkItem
{
    public void Execute() => action();
}
