using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers;

/// <summary>A content whose attempt failed in the middle of a read of its source.</summary>
public sealed class ReplayedContentTests
{
    [Fact]
    public async Task A_replay_begins_when_the_attempt_before_has_let_go_of_the_content()
    {
        var network = new PeerNetwork();
        using var client = new HttpClient(network.CreateHandler());
        ScriptedPeer first = await WarmAsync(network, client);
        var source = new SlowStream("the whole body");
        Task<HttpResponseMessage> sent = client.PutAsync("http://server.test/", new StreamContent(source));
        await source.Reading;
        first.Reset();
        await first.WaitForCloseAsync();
        await Eventually.IsTrue(() => network.Time.NextDue <= TimeSpan.FromMilliseconds(500), "the replay waits");
        Assert.Equal(1, network.DialCount);

        source.Release();

        ScriptedPeer second = await network.AcceptAsync();
        ReceivedRequest request = await second.AnswerAsync(200, "ok");
        Assert.Equal("the whole body", request.BodyText);
        (await sent).Dispose();
        Assert.False(source.WasReadTwiceAtOnce);
    }

    [Fact]
    public async Task A_content_that_does_not_let_go_is_not_sent_again()
    {
        var network = new PeerNetwork();
        using var client = new HttpClient(network.CreateHandler());
        ScriptedPeer first = await WarmAsync(network, client);
        var source = new SlowStream("the whole body");
        Task<HttpResponseMessage> sent = client.PutAsync("http://server.test/", new StreamContent(source));
        await source.Reading;
        first.Reset();
        await Eventually.IsTrue(() => network.Time.NextDue <= TimeSpan.FromMilliseconds(500), "the replay waits");
        network.Time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<TransportException>(() => sent);
        Assert.Equal(1, network.DialCount);
        source.Release();
    }

    private static async Task<ScriptedPeer> WarmAsync(PeerNetwork network, HttpClient client)
    {
        Task<string> warm = client.GetStringAsync("http://server.test/");
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.AnswerAsync(200, "warm");
        await warm;
        return peer;
    }

    /// <summary>Its first read waits.</summary>
    private sealed class SlowStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _readers;

        public Task Reading => _reading.Task;

        public bool WasReadTwiceAtOnce { get; private set; }

        public void Release() => _release.SetResult();

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            WasReadTwiceAtOnce |= Interlocked.Increment(ref _readers) > 1;
            _reading.TrySetResult();
            await _release.Task;
            try
            {
                await base.CopyToAsync(destination, bufferSize, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _readers);
            }
        }
    }
}
