using System.Net;
using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Soak;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>
/// What nobody waits for any more fails in silence, and does not reach <see cref="TaskScheduler.UnobservedTaskException"/>.
/// </summary>
[Collection(nameof(Alone))]
public sealed class UnobservedFailureTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_read_of_the_body_that_was_cancelled_and_then_broken() =>
        OwnProcess.RunAsync(typeof(UnobservedFailureTests), static () => InSilenceAsync(CancelReadAsync), output);

    [Fact]
    public Task A_content_that_fails_after_the_connection_did() =>
        OwnProcess.RunAsync(typeof(UnobservedFailureTests), static () => InSilenceAsync(FailContentAsync), output);

    private static async Task InSilenceAsync(Func<Task> run)
    {
        using var unobserved = new UnobservedFailures();
        await run();
        Assert.Empty(unobserved.Collect());
    }

    // Methods of their own, so that no local keeps a task alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task CancelReadAsync()
    {
        var network = new PeerNetwork();
        using var client = new HttpClient(network.CreateHandler(static handler => handler.MaxCancellationDrainSize = 0));
        Task<HttpResponseMessage> sent = client.GetAsync("http://server.test/", HttpCompletionOption.ResponseHeadersRead);
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        using HttpResponseMessage response = await sent;
        using Stream body = await response.Content.ReadAsStreamAsync();
        using var cancel = new CancellationTokenSource();
        ValueTask<int> read = body.ReadAsync(new byte[100], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        await peer.WaitForCloseAsync();

        // Real time: the read fails on another thread, and tells nobody.
        await Task.Delay(50);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task FailContentAsync()
    {
        var network = new PeerNetwork(new MemoryTransportOptions { FailWritesAfterPeerClosed = true });
        using var client = new HttpClient(network.CreateHandler());
        network.HoldDials = true;
        var fail = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<HttpResponseMessage> sent = client.PostAsync("http://server.test/", new LateContent(fail.Task));
        ScriptedPeer peer = (await network.NextDialAsync()).Accept();
        peer.Close();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => sent);
        fail.SetException(new InvalidDataException("late"));
        await Eventually.IsTrue(() => fail.Task.IsCompleted, "the content failed");
    }

    private sealed class LateContent(Task end) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context) => await end;

        protected override bool TryComputeLength(out long length)
        {
            length = 10;
            return true;
        }
    }
}
