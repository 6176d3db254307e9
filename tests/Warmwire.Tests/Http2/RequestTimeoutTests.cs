using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>The time of the whole exchange with HTTP/2: it costs the stream and never the connection.</summary>
public sealed class RequestTimeoutTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    public enum Stands
    {
        InTheUpload,
        BeforeTheHead,
        InTheBody,
        InADuplexContent,
    }

    [Theory]
    [InlineData(Stands.InTheUpload, TransportPhase.WriteRequest, RequestSent.Partly)]
    [InlineData(Stands.BeforeTheHead, TransportPhase.ReadHeaders, RequestSent.Fully)]
    [InlineData(Stands.InTheBody, TransportPhase.ReadBody, RequestSent.Fully)]
    [InlineData(Stands.InADuplexContent, TransportPhase.ReadBody, RequestSent.Partly)]
    public async Task It_resets_the_stream_and_says_where_the_exchange_stood(Stands stands, TransportPhase phase, RequestSent sent)
    {
        using var rig = new Http2Rig(static handler => handler.RequestTimeout = s_limit);
        Http2Peer peer = await rig.WarmUpAsync();
        peer.GivesCredit = false;
        OpenRequest open = await rig.OpenAsync(peer, RequestFor(stands));
        Task failing = open.Sending;
        if (stands == Stands.InTheUpload)
        {
            await open.TakeFirstWindowAsync();
        }
        else if (stands != Stands.BeforeTheHead)
        {
            failing = (await (await open.AnswerHeadAsync()).Content.ReadAsStreamAsync()).ReadAsync(new byte[10]).AsTask();
        }

        await peer.RoundTripAsync();
        rig.Time.Advance(s_limit);
        TransportException error = await rig.FailsAsync(failing);
        Assert.Equal((phase, sent, true), (error.Phase, error.RequestSent, error.IsTimeout));
        Assert.Contains("PooledHttpHandler.RequestTimeout", error.Message, StringComparison.Ordinal);
        Assert.Equal(Http2ErrorCode.Cancel, await peer.ExpectRstAsync(open.StreamId));
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task Ten_thousand_requests_leave_nothing_behind()
    {
        using var rig = new Http2Rig(static handler => handler.RequestTimeout = s_limit);
        Http2Peer peer = await rig.WarmUpAsync();
        for (int i = 0; i < 10_000; i++)
        {
            await (await rig.OpenAsync(peer)).AnswerAsync();
        }

        await peer.RoundTripAsync();
        Assert.Equal(0, Deadlines.Waiting(rig.Handler));
        rig.AssertOneOpen();
    }

    private static HttpRequestMessage RequestFor(Stands stands) => stands switch
    {
        Stands.InTheUpload => Http2Rig.Post(new ByteArrayContent(new byte[200_000])),
        Stands.InADuplexContent => Http2Rig.Post(new PushContent(static async stream =>
        {
            await stream.WriteAsync("first"u8.ToArray());
            await new TaskCompletionSource().Task;
        })),
        _ => Http2Rig.Get(),
    };
}
