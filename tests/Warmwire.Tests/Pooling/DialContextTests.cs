using System.Collections.Concurrent;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// A dial is the pool's: its callbacks run on the thread pool, in nobody's synchronization context, whatever made the pool dial. The
/// execution context is that of the request it is for, as with SocketsHttpHandler, and not that of what made the pool dial.
/// </summary>
public class DialContextTests
{
    [ThreadStatic]
    private static bool t_inside;

    private static readonly AsyncLocal<string?> s_local = new();

    private readonly ConcurrentQueue<string> _faults = new();
    private int _calls;
    private string? _local;

    [Fact]
    public async Task A_sync_send_under_a_user_interface_does_not_wait_for_itself()
    {
        using PoolRig rig = Rig();
        rig.ServeAll();
        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new NobodyPumps());
            s_local.Value = _local = "caller's";
            try
            {
                Within(() => rig.Invoker.Send(new HttpRequestMessage(HttpMethod.Get, PoolRig.A), CancellationToken.None).Dispose());
            }
            catch (Exception e)
            {
                failure = e;
            }

            done.Set();
        });
        thread.Start();
        Assert.True(await Task.Run(() => done.Wait(Guard.Limit)), "the callback waits for the thread that waits for it");
        Assert.Null(failure);
        AssertCalled(1);
    }

    [Fact]
    public async Task Over_real_sockets_a_sync_send_under_a_user_interface_does_not_wait_for_itself()
    {
        _local = "caller's";
        await using RawServer server = LoopbackServers.Answering();
        using var handler = new PooledHttpHandler { UseProxy = false, ConnectCallback = ConnectAsync };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new NobodyPumps());
            s_local.Value = "caller's";
            try
            {
                for (int i = 0; i < 2; i++)
                {
                    Within(() => invoker.Send(new HttpRequestMessage(HttpMethod.Get, server.Uri), CancellationToken.None).Dispose());
                    SpinWait.SpinUntil(() => handler.CloseIdleConnections() == 1, Guard.Limit);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }

            done.Set();
        });
        thread.Start();
        Assert.True(await Task.Run(() => done.Wait(Guard.Limit)), "the callback waits for the thread that waits for it");
        Assert.Null(failure);
        AssertCalled(2);

        async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken token)
        {
            Interlocked.Increment(ref _calls);
            Check("the first part");
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, token);
            await Task.Yield();
            Check("the last part");
            return new NetworkStream(socket, ownsSocket: true);
        }
    }

    [Fact]
    public async Task An_async_send_does_not_run_the_callback_either()
    {
        using PoolRig rig = Rig();
        rig.ServeAll();
        s_local.Value = _local = "caller's";
        Task<HttpResponseMessage>? response = null;
        Within(() => response = rig.Get());
        (await rig.Done(response!)).Dispose();
        AssertCalled(1);
    }

    [Fact]
    public async Task A_cancellation_that_frees_a_connection_does_not_dial_for_the_next()
    {
        using PoolRig rig = Rig(handler => handler.CancellationDrainTimeout = TimeSpan.Zero);
        using var cancel = new CancellationTokenSource();
        (Task<HttpResponseMessage> first, _) = await rig.Busy(cancellationToken: cancel.Token);
        Task<HttpResponseMessage> second = rig.Get();
        await rig.Until(snapshot => snapshot.Pending == 1);
        s_local.Value = "somebody else's";
        Within(cancel.Cancel);
        await rig.IsCancelled(first);
        await Answer(rig, second);
        AssertCalled(2);
    }

    [Fact]
    public async Task A_disposal_that_ends_a_connection_does_not_dial_for_the_next()
    {
        using PoolRig rig = Rig(handler => handler.ResponseDrainTimeout = TimeSpan.Zero);
        (Task<HttpResponseMessage> first, ScriptedPeer peer) = await rig.Busy();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\nbegin");
        HttpResponseMessage response = await rig.Done(first);
        Task<HttpResponseMessage> second = rig.Get();
        await rig.Until(snapshot => snapshot.Pending == 1);
        s_local.Value = "somebody else's";
        Within(response.Dispose);
        await Answer(rig, second);
        AssertCalled(2);
    }

    [Fact]
    public async Task A_timer_that_ends_a_connection_does_not_dial_for_the_next()
    {
        using PoolRig rig = Rig(handler => handler.ResponseHeadersTimeout = TimeSpan.FromSeconds(5));
        (Task<HttpResponseMessage> first, _) = await rig.Busy();
        Task<HttpResponseMessage> second = rig.Get();
        await rig.Until(snapshot => snapshot.Pending == 1);
        Within(() => rig.Time.Advance(TimeSpan.FromSeconds(6)));
        await rig.Fails(first);
        await Answer(rig, second);
        AssertCalled(2);
    }

    private static async Task Answer(PoolRig rig, Task<HttpResponseMessage> request)
    {
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.AnswerAsync();
        (await rig.Done(request)).Dispose();
    }

    private static void Within(Action action)
    {
        t_inside = true;
        try
        {
            action();
        }
        finally
        {
            t_inside = false;
        }
    }

    private PoolRig Rig(Action<PooledHttpHandler>? configure = null) => new(handler =>
    {
        handler.MaxConnectionsPerServer = 1;
        configure?.Invoke(handler);
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = handler.ConnectCallback!;
        handler.ConnectCallback = async (context, token) =>
        {
            Interlocked.Increment(ref _calls);
            Check("the first part");

            // As code of a user interface is written: it goes on where it was, if there is a context.
            await Task.Yield();
            Stream stream = await connect(context, token);
            Check("the last part");
            return stream;
        };
    });

    private void Check(string part)
    {
        if (t_inside)
        {
            _faults.Enqueue($"{part} ran inside of what made the pool dial");
        }

        if (!Thread.CurrentThread.IsThreadPoolThread)
        {
            _faults.Enqueue($"{part} ran on the thread {Thread.CurrentThread.Name}");
        }

        if (SynchronizationContext.Current is not null)
        {
            _faults.Enqueue($"{part} ran in the caller's synchronization context");
        }

        if (s_local.Value != _local)
        {
            _faults.Enqueue($"{part} has not the context of the request but {s_local.Value ?? "none"}");
        }
    }

    private void AssertCalled(int times)
    {
        Assert.Equal(times, _calls);
        Assert.Empty(_faults);
    }

    /// <summary>The context of a thread that is busy: what is posted to it never runs.</summary>
    private sealed class NobodyPumps : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
