using System.Globalization;
using System.Net;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What a right response becomes.</summary>
public sealed class ResponseTests
{
    private static readonly TimeSpan s_forEver = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_request_carries_its_pseudo_fields_first_and_lower_case_names()
    {
        using var rig = new Http2Rig();
        HttpRequestMessage message = Http2Rig.Get("path?a=b#fragment");
        message.Headers.Add("X-Upper", "Value");
        message.Headers.Connection.Add("keep-alive");
        message.Headers.TE.ParseAdd("trailers");
        OpenRequest open = await rig.StartAsync(message);
        string[] names = [.. open.Request.Fields.Select(field => field.Name)];
        Assert.Equal([":authority", ":method", ":path", ":scheme"], names[..4].Order(StringComparer.Ordinal));
        Assert.DoesNotContain(
            names[4..], name => name.StartsWith(':') || name.Any(char.IsAsciiLetterUpper) || name is "connection" or "host");
        Assert.Equal(
            ("GET", "http", "server.test", "/path?a=b"),
            (open.Request.Method, open.Request.Scheme, open.Request.Authority, open.Request.Path));
        Assert.Equal(("Value", "trailers", true), (open.Request["x-upper"], open.Request["te"], open.Request.EndStream));
        await open.AnswerAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public async Task A_body_comes_in_many_frames(int frames)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadAsync(open.StreamId, 200, ("content-length", frames.ToString(CultureInfo.InvariantCulture)));
        for (int i = 0; i < frames; i++)
        {
            await open.Peer.SendDataAsync(open.StreamId, "x");
        }

        await open.Peer.SendDataAsync(open.StreamId, "", endStream: true);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(HttpVersion.Version20, response.Version);
        Assert.Equal(frames, response.Content.Headers.ContentLength);
        Assert.Equal(frames, (await response.ReadTextAsync()).Length);
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 204)]
    [InlineData("GET", 304)]
    public async Task A_response_without_a_body_may_tell_the_length_of_one(string method, int status)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync(Http2Rig.Request(new HttpMethod(method)));
        Assert.Equal(method, open.Request.Method);
        (string, string)[] length = status == 204 ? [] : [("content-length", "1000")];
        await open.Peer.AnswerAsync(open.StreamId, status, "", length);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        Assert.Equal("", await response.ReadTextAsync());
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task Padding_and_empty_frames_are_not_part_of_the_body()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadersAsync(
            open.StreamId, [(":status", "200")], framing: new HeaderFraming { Padding = 100, Priority = true });
        await open.Peer.SendDataAsync(open.StreamId, "a", padding: 255);
        await open.Peer.SendDataAsync(open.StreamId, "");
        await open.Peer.SendDataAsync(open.StreamId, "", padding: 0);
        await open.Peer.SendDataAsync(open.StreamId, "b", padding: 3, endStream: true);
        Assert.Equal("ab", await open.ReadResponseAsync());
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task Padding_is_paid_back_to_the_windows()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        Task<string> reading = response.ReadTextAsync();
        const int Frames = 2000;
        for (int i = 0; i < Frames; i++)
        {
            await open.Peer.PumpUntilAsync(
                () => Math.Min(open.Peer.SendWindows[0], open.Peer.SendWindows[open.StreamId]) >= 251, "a window for padding");
            await open.Peer.SendDataAsync(open.StreamId, "x", padding: 249, endStream: i == Frames - 1);
        }

        Assert.Equal(Frames, (await reading).Length);
    }

    [Theory]
    [InlineData("body")]
    [InlineData("")]
    public async Task Trailers_follow_the_body_or_stand_in_its_place(string body)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        if (body.Length > 0)
        {
            await open.Peer.SendDataAsync(open.StreamId, body);
        }

        await open.Peer.SendTrailersAsync(open.StreamId, ("x-sum", "1"), ("x-more", "2"));
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(body, await response.ReadTextAsync());
        Assert.Equal(
            ("1", "2"),
            (Assert.Single(response.TrailingHeaders.GetValues("x-sum")), Assert.Single(response.TrailingHeaders.GetValues("x-more"))));
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_head_with_the_end_of_the_stream_is_a_whole_response()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadersAsync(open.StreamId, [(":status", "200"), ("grpc-status", "5")], endStream: true);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal("5", Assert.Single(response.Headers.GetValues("grpc-status")));
        Assert.Equal("", await response.ReadTextAsync());
        Assert.Empty(response.TrailingHeaders);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(102)]
    [InlineData(103)]
    [InlineData(103, 103, 103, 100)]
    public async Task Interim_responses_are_passed_over(params int[] statuses)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        foreach (int status in statuses)
        {
            await open.Peer.SendHeadAsync(open.StreamId, status, ("link", "</style.css>; rel=preload"));
        }

        await open.Peer.AnswerAsync(open.StreamId, 201, "made");
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.False(response.Headers.Contains("link"));
        Assert.Equal("made", await response.ReadTextAsync());
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task Expect_continue_holds_the_body_until_100()
    {
        using var rig = new Http2Rig(handler => handler.Expect100ContinueTimeout = s_forEver);
        OpenRequest open = await rig.StartAsync(Expecting("body"));
        Assert.Equal("100-continue", open.Request["expect"]);
        await open.Peer.ExpectNoneAsync(frame => frame.Type == FrameType.Data);
        await open.Peer.SendHeadAsync(open.StreamId, 100);
        Assert.Equal("body"u8.ToArray(), await open.Peer.ReadBodyAsync(open.StreamId));
        await open.AnswerAsync();
    }

    [Fact]
    public async Task A_refusal_leaves_the_expected_body_unsent()
    {
        using var rig = new Http2Rig(handler => handler.Expect100ContinueTimeout = s_forEver);
        OpenRequest open = await rig.StartAsync(Expecting("body"));
        await open.Peer.AnswerAsync(open.StreamId, 417, "no");
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(HttpStatusCode.ExpectationFailed, response.StatusCode);
        Assert.Equal("no", await response.ReadTextAsync());
        PeerFrame end = await open.Peer.NextAsync(
            frame => frame.StreamId == open.StreamId && frame.Type is FrameType.Data or FrameType.RstStream, "the stream's end");
        Assert.True(end.Type == FrameType.RstStream || (end.EndStream && end.Payload.Length == 0), end.ToString());
        await rig.AssertServesAsync(open.Peer);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(417)]
    public async Task An_answer_to_Expect_that_is_here_before_the_wait_for_it_begins_ends_that_wait(int status)
    {
        using var rig = new Http2Rig(handler => handler.Expect100ContinueTimeout = s_forEver);
        Http2Peer peer = await rig.WarmUpAsync();
        var isOpen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayGoOn = new TaskCompletionSource();
        HttpRequestMessage message = Expecting("body");
        message.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            WroteHeaders = () =>
            {
                isOpen.SetResult();
                mayGoOn.Task.Wait();
            },
        });
        Task<HttpResponseMessage> sending = Task.Run(() => rig.SendAsync(message));
        await Guard.Within(isOpen.Task, () => "the stream is open");

        // The head leaves with that of another request.
        Task<HttpResponseMessage> other = rig.SendAsync(Http2Rig.Get());
        PeerRequest request = await peer.ReadRequestAsync();
        await peer.AnswerNextAsync();
        (await other).Dispose();
        await (status == 100 ? peer.SendHeadAsync(request.StreamId, 100) : peer.AnswerAsync(request.StreamId, status, "no"));
        await peer.RoundTripAsync();
        mayGoOn.SetResult();
        if (status == 100)
        {
            Assert.Equal("body"u8.ToArray(), await peer.ReadBodyAsync(request.StreamId));
            await peer.AnswerAsync(request.StreamId, 200, "");
        }

        using HttpResponseMessage response = await sending;
        Assert.Equal(status == 100 ? 200 : status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Fields_come_out_of_the_dynamic_table()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendBlockAsync(
            open.StreamId,
            [.. HpackWriter.Indexed(8), .. HpackWriter.Indexing("x-kept", "first"), .. HpackWriter.Indexing(62, "second")],
            endStream: true);
        Assert.Equal(["first", "second"], (await open.Sending).Headers.GetValues("x-kept"));
        for (int i = 0; i < 3; i++)
        {
            open = await rig.OpenAsync(open.Peer);
            await open.Peer.SendBlockAsync(
                open.StreamId, [.. HpackWriter.Indexed(8), .. HpackWriter.Indexed(63), .. HpackWriter.Indexed(62)], endStream: true);
            Assert.Equal(["first", "second"], (await open.Sending).Headers.GetValues("x-kept"));
        }
    }

    [Fact]
    public async Task The_table_stays_in_step_through_the_answer_to_a_request_that_was_given_up()
    {
        using var rig = new Http2Rig();
        using var cancel = new CancellationTokenSource();
        Http2Peer peer = await rig.WarmUpAsync();
        OpenRequest gone = await rig.OpenAsync(peer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone.Sending);
        await peer.ExpectRstAsync(gone.StreamId);
        await peer.SendBlockAsync(gone.StreamId, [.. HpackWriter.Indexed(8), .. HpackWriter.Indexing("x-kept", "yes")], endStream: true);
        OpenRequest next = await rig.OpenAsync(peer);
        await peer.SendBlockAsync(next.StreamId, [.. HpackWriter.Indexed(8), .. HpackWriter.Indexed(62)], endStream: true);
        Assert.Equal("yes", Assert.Single((await next.Sending).Headers.GetValues("x-kept")));
    }

    [Theory]
    [InlineData(5, 4)]
    [InlineData(5, 6)]
    [InlineData(5, 0)]
    [InlineData(0, 1)]
    public async Task A_body_that_is_not_as_long_as_announced_is_an_error(int announced, int sent)
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadAsync(open.StreamId, 200, ("content-length", announced.ToString(CultureInfo.InvariantCulture)));
        await open.Peer.SendDataAsync(open.StreamId, new string('x', sent), endStream: true);
        TransportException error = await rig.FailsAsync(open.ReadResponseAsync());
        Assert.Contains(error.HttpRequestError, new[] { HttpRequestError.InvalidResponse, HttpRequestError.ResponseEnded });
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task Cookies_stay_apart_and_other_lines_in_order()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.AnswerAsync(
            open.StreamId,
            200,
            "",
            ("set-cookie", "a=1, still a"),
            ("set-cookie", "b=2"),
            ("x-list", "1"),
            ("x-list", "2"),
            ("x-empty", ""));
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(["a=1, still a", "b=2"], response.Headers.GetValues("Set-Cookie"));
        Assert.Equal(["1", "2"], response.Headers.GetValues("X-List"));
        Assert.Equal("", Assert.Single(response.Headers.GetValues("x-empty")));
    }

    [Fact]
    public async Task Answers_come_in_any_order_and_interleaved()
    {
        using var rig = new Http2Rig();
        OpenRequest first = await rig.StartAsync();
        OpenRequest second = await rig.OpenAsync(first.Peer);
        OpenRequest third = await rig.OpenAsync(first.Peer);
        await third.AnswerAsync("third");
        using HttpResponseMessage one = await first.AnswerHeadAsync();
        using HttpResponseMessage two = await second.AnswerHeadAsync();
        foreach (char letter in "abc")
        {
            await first.Peer.SendDataAsync(second.StreamId, letter.ToString(), endStream: letter == 'c');
            await first.Peer.SendDataAsync(first.StreamId, char.ToUpperInvariant(letter).ToString(), endStream: letter == 'c');
        }

        Assert.Equal("ABC", await one.ReadTextAsync());
        Assert.Equal("abc", await two.ReadTextAsync());
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_header_block_in_many_frames_is_one()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadersAsync(
            open.StreamId,
            [(":status", "200"), ("x-long", new string('v', 20_000))],
            endStream: true,
            new HeaderFraming { PiecesOf = 5000 });
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(20_000, Assert.Single(response.Headers.GetValues("x-long")).Length);
        Assert.Equal("", await response.ReadTextAsync());
    }

    [Fact]
    public async Task A_head_beyond_the_limit_fails_its_request_alone()
    {
        using var rig = new Http2Rig(handler => handler.MaxResponseHeadersLength = 1);
        OpenRequest open = await rig.StartAsync();
        OpenRequest other = await rig.OpenAsync(open.Peer);
        await open.Peer.SendHeadAsync(open.StreamId, 200, ("x-long", new string('v', 2000)));
        await rig.FailsAsync(open.Sending, HttpRequestError.ConfigurationLimitExceeded);
        await open.Peer.ExpectRstAsync(open.StreamId);
        await other.AnswerAsync();
        rig.AssertOneOpen();
    }

    private static HttpRequestMessage Expecting(string body)
    {
        HttpRequestMessage message = Http2Rig.Post(body);
        message.Headers.ExpectContinue = true;
        return message;
    }
}
