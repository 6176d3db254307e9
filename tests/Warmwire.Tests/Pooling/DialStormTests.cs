using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Dials that fail before they first wait, one for each of very many waiters. Each failure leads to the next dial; done on one stack, that
/// was the end of the process.
/// </summary>
public class DialStormTests
{
    private const int SmallStack = 256 * 1024;

    public enum Failure
    {
        /// <summary>A <c>ConnectCallback</c> to a Unix socket that is not there.</summary>
        Callback,

        /// <summary>A resolver that throws.</summary>
        Resolver,

        /// <summary>An address that no network leads to.</summary>
        Address,
    }

    [Theory]
    [InlineData(Failure.Callback)]
    [InlineData(Failure.Resolver)]
    [InlineData(Failure.Address)]
    public Task Each_waiter_fails_with_its_own_dial_on_a_small_stack(Failure failure) => FailAllAsync(failure, 5_000);

    /// <summary>As many as issue 9 names. What it costs is the exceptions, two or three for each waiter.</summary>
    [Fact]
    [Trait("Category", "Soak")]
    public Task A_hundred_thousand_waiters_fail_on_a_small_stack() => FailAllAsync(Failure.Callback, 100_000);

    private static async Task FailAllAsync(Failure failure, int waiters)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var held = new TaskCompletionSource();
        int dials = 0;
        using var rig = new StubRig(settings => Configure(settings, failure, () => Interlocked.Increment(ref dials), held.Task));

        // One connection stays busy, so each failed dial fails only the request it was for; and the second dial holds up all others.
        ValueTask<HttpConnection> busy = rig.Pool.LeaseAsync(StubRig.RouteTo("a.test", port), rig.Attempt(), replacementFor: null);
        Assert.IsType<StubConnection>(await Guard.Within(busy.AsTask(), () => "the first dial succeeds"));
        var waiting = new Task<HttpConnection>[waiters];
        var thread = new Thread(
            () =>
            {
                for (int i = 0; i < waiting.Length; i++)
                {
                    waiting[i] = rig.Pool.LeaseAsync(StubRig.RouteTo("a.test", port), rig.Attempt(), replacementFor: null).AsTask();
                }

                SpinWait.SpinUntil(() => Volatile.Read(ref dials) == 2, Guard.Limit);
                held.SetResult();
            },
            SmallStack);
        thread.Start();
        thread.Join();

        await Task.WhenAll(waiting.Select(static one =>
            one.ContinueWith(static _ => { }, TaskScheduler.Default))).WaitAsync(TimeSpan.FromMinutes(2));
        Assert.All(waiting, static one => Assert.IsType<TransportException>(one.Exception?.InnerException));
        Assert.Equal((1, 0, 0, waiters), (rig.Origin.Open, rig.Origin.Pending, rig.Origin.Dialing, (int)rig.Origin.DialsFailed));
    }

    private static void Configure(HandlerSettings settings, Failure failure, Func<int> nextDial, Task held)
    {
        settings.MaxConnectionsPerServer = 2;
        settings.MaxPendingRequestsPerServer = int.MaxValue;
        if (failure == Failure.Callback)
        {
            settings.ConnectCallback = (_, _) => nextDial() switch
            {
                1 => ValueTask.FromResult(Stream.Null),
                2 => FailLaterAsync(held),
                _ => ConnectToNothing(),
            };
            return;
        }

        settings.ConnectCallback = null;
        settings.DnsRefreshInterval = Timeout.InfiniteTimeSpan;
        settings.ResolveNames = (_, _) => nextDial() switch
        {
            1 => Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
            2 => FailNameLaterAsync(held),
            _ => failure == Failure.Address ? Task.FromResult<IPAddress[]>([IPAddress.Broadcast])
                : throw new SocketException((int)SocketError.TryAgain),
        };
    }

    private static async ValueTask<Stream> FailLaterAsync(Task held)
    {
        await held.ConfigureAwait(false);
        throw new SocketException((int)SocketError.ConnectionRefused);
    }

    private static async Task<IPAddress[]> FailNameLaterAsync(Task held)
    {
        await held.ConfigureAwait(false);
        throw new SocketException((int)SocketError.TryAgain);
    }

    private static ValueTask<Stream> ConnectToNothing()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint("/nonexistent/socket"));
        return ValueTask.FromResult(Stream.Null);
    }
}
