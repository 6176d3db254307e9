using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>
/// A malformed response is an error of its stream (RFC 9113 §8.1.1): it is reset, its request fails, and the other streams of the
/// connection know nothing of it.
/// </summary>
public sealed class MalformedResponseTests
{
    public static TheoryData<string, string[]> Heads => new()
    {
        { "an upper-case name", [":status: 200", "X-Upper: 1"] },
        { "one upper-case letter", [":status: 200", "x-uppeR: 1"] },
        { "connection", [":status: 200", "connection: close"] },
        { "keep-alive", [":status: 200", "keep-alive: timeout=5"] },
        { "proxy-connection", [":status: 200", "proxy-connection: keep-alive"] },
        { "transfer-encoding", [":status: 200", "transfer-encoding: chunked"] },
        { "upgrade", [":status: 200", "upgrade: h2c"] },
        { "a status after a field", ["x-first: 1", ":status: 200"] },
        { "a pseudo-field that does not exist", [":status: 200", ":unknown: 1"] },
        { "a pseudo-field of requests", [":status: 200", ":path: /"] },
        { "a pseudo-field without a name", [":status: 200", ":: 1"] },
        { "no status", ["x-first: 1"] },
        { "nothing", [] },
        { "two statuses", [":status: 200", ":status: 200"] },
        { "a status of two digits", [":status: 20"] },
        { "a status of four digits", [":status: 2000"] },
        { "a status with a sign", [":status: +20"] },
        { "a status with a letter", [":status: 2OO"] },
        { "an empty status", [":status: "] },
        { "a status below 100", [":status: 099"] },
        { "switching protocols", [":status: 101"] },
        { "NUL in a value", [":status: 200", "x-a: 1\u00002"] },
        { "CR in a value", [":status: 200", "x-a: 1\r2"] },
        { "LF in a value", [":status: 200", "x-a: 1\n2"] },
        { "a line break in a value", [":status: 200", "x-a: 1\r\nx-b: 2"] },
        { "an empty name", [":status: 200", ": 1"] },
        { "a space in a name", [":status: 200", "x a: 1"] },
        { "a line break in a name", [":status: 200", "x\r\na: 1"] },
        { "two lengths that differ", [":status: 200", "content-length: 1", "content-length: 2"] },
        { "a length that is no number", [":status: 200", "content-length: +1"] },
    };

    [Theory]
    [MemberData(nameof(Heads))]
    public Task A_malformed_head_fails_its_request_alone(string what, string[] lines)
    {
        Assert.NotEmpty(what);
        return AssertFailsAloneAsync(open => open.Peer.SendHeadersAsync(open.StreamId, lines.Select(Field)));
    }

    [Theory]
    [MemberData(nameof(Heads))]
    public Task So_does_a_malformed_head_behind_an_interim_one(string what, string[] lines)
    {
        Assert.NotEmpty(what);
        return AssertFailsAloneAsync(async open =>
        {
            await open.Peer.SendHeadAsync(open.StreamId, 103);
            await open.Peer.SendHeadersAsync(open.StreamId, lines.Select(Field));
        });
    }

    [Theory]
    [InlineData(":status: 200")]
    [InlineData(":path: /")]
    [InlineData("x-a: 1", ":status: 200")]
    [InlineData("X-Upper: 1")]
    [InlineData("connection: close")]
    [InlineData("x-a: 1\r\nx-b: 2")]
    public Task Malformed_trailers_fail_the_body(params string[] lines) => AssertBodyFailsAloneAsync(
        open => open.Peer.SendHeadersAsync(open.StreamId, lines.Select(Field), endStream: true), hasEnded: true);

    [Fact]
    public Task Trailers_that_are_not_the_end_fail_the_body() => AssertBodyFailsAloneAsync(
        open => open.Peer.SendHeadersAsync(open.StreamId, [("x-sum", "1")], endStream: false));

    [Fact]
    public Task A_second_head_fails_the_body() => AssertBodyFailsAloneAsync(open => open.Peer.SendHeadAsync(open.StreamId, 200));

    [Fact]
    public Task An_interim_head_after_the_final_one_fails_the_body() =>
        AssertBodyFailsAloneAsync(open => open.Peer.SendHeadAsync(open.StreamId, 103));

    [Fact]
    public Task Data_before_the_head_fails_the_request() => AssertFailsAloneAsync(open => open.Peer.SendDataAsync(open.StreamId, "early"));

    [Fact]
    public Task An_interim_response_that_ends_the_stream_fails_the_request() =>
        AssertFailsAloneAsync(open => open.Peer.SendHeadersAsync(open.StreamId, [(":status", "103")], endStream: true), hasEnded: true);

    [Fact]
    public Task Data_behind_an_interim_response_fails_the_request() => AssertFailsAloneAsync(async open =>
    {
        await open.Peer.SendHeadAsync(open.StreamId, 103);
        await open.Peer.SendDataAsync(open.StreamId, "early");
    });

    private static Task AssertFailsAloneAsync(Func<OpenRequest, Task> misbehave, bool hasEnded = false) =>
        AssertFailsAloneAsync(misbehave, static open => open.Sending, hasEnded);

    private static Task AssertBodyFailsAloneAsync(Func<OpenRequest, Task> misbehave, bool hasEnded = false) => AssertFailsAloneAsync(
        async open =>
        {
            await open.AnswerHeadAsync();
            await open.Peer.SendDataAsync(open.StreamId, "some");
            await misbehave(open);
        },
        static open => open.ReadResponseAsync(),
        hasEnded);

    private static async Task AssertFailsAloneAsync(Func<OpenRequest, Task> misbehave, Func<OpenRequest, Task> whatFails, bool hasEnded)
    {
        using var rig = new Http2Rig();
        OpenRequest other = await rig.StartAsync();
        OpenRequest open = await rig.OpenAsync(other.Peer);
        await misbehave(open);
        await rig.FailsAsync(whatFails(open), HttpRequestError.InvalidResponse);
        if (!hasEnded)
        {
            // A stream that both sides have ended need not be reset any more.
            Assert.Equal(Http2ErrorCode.ProtocolError, await open.Peer.ExpectRstAsync(open.StreamId));
        }

        await other.AnswerAsync("right");
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    private static (string Name, string Value) Field(string line)
    {
        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        return (line[..colon], line[(colon + 2)..]);
    }
}
