using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

public sealed class TotalCapFairnessTests
{
    [Fact]
    public async Task An_origin_without_any_connection_is_not_starved_by_one_that_always_has_requests_waiting()
    {
        var network = new PeerNetwork();
        using PooledHttpHandler handler = network.CreateHandler(static h => h.MaxConnections = 1);
        using var invoker = new HttpMessageInvoker(handler);

        Task<HttpResponseMessage> first = Get(invoker, "http://busy.test/1");
        ScriptedPeer busy = await network.AcceptAsync();
        Task<HttpResponseMessage> second = Get(invoker, "http://busy.test/2");
        Task<HttpResponseMessage> other = Get(invoker, "http://other.test/3");

        await busy.AnswerAsync();
        using HttpResponseMessage firstResponse = await first;

        ScriptedPeer quiet = await network.AcceptAsync();
        Assert.Equal("other.test", quiet.Host);
        Assert.False(second.IsCompleted);
        await quiet.AnswerAsync();
        using HttpResponseMessage otherResponse = await other;

        ScriptedPeer again = await network.AcceptAsync();
        Assert.Equal("busy.test", again.Host);
        await again.AnswerAsync();
        using HttpResponseMessage secondResponse = await second;

        Assert.Equal(1, network.MaxOpenOrDialing);
        Assert.Equal(2, handler.GetSnapshot().Origins.Sum(static o => o.ClosedBy.GetValueOrDefault(CloseReason.MadeRoom)));
    }

    private static Task<HttpResponseMessage> Get(HttpMessageInvoker invoker, string uri) =>
        invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), CancellationToken.None);
}
