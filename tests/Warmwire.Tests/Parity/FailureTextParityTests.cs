using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Every exception on the way says something.</summary>
public sealed class FailureTextParityTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [Trait("Issue10", "T1-inner-message")]
    public async Task The_inner_HttpIOException_of_a_broken_body_has_a_message(string response)
    {
        await using var server = new RawServer(async (stream, _, token) =>
        {
            await RawPeer.ReadHeadAsync(stream, token);
            await RawPeer.WriteAsync(stream, response, token);
        });
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false });
        AssertMessages(await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(server.Uri)));
    }

    [Fact]
    [Trait("Issue10", "T1-inner-message")]
    public async Task The_inner_HttpIOException_of_a_reset_stream_has_a_message()
    {
        using var stage = new ParityStage(HandlerKind.PooledHttpHandler);
        using HttpMessageInvoker invoker = stage.InvokerOverMemory();
        Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
        Http2Peer peer = await stage.AcceptHttp2Async();
        PeerRequest request = await peer.ReadRequestAsync();
        await peer.SendRstAsync(request.StreamId, Http2ErrorCode.InternalError);
        AssertMessages(await Assert.ThrowsAnyAsync<HttpRequestException>(() => ParityStage.Soon(sending, "the failure")));
    }

    private static void AssertMessages(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
        {
            Assert.True(e.Message.Length > 20 && !e.Message.StartsWith("Exception of type", StringComparison.Ordinal)
                && e.Message != "I/O error occurred." && !e.Message.StartsWith(" (", StringComparison.Ordinal),
                    $"{e.GetType().Name} says \"{e.Message}\".");
        }
    }
}
