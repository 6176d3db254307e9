using System.Diagnostics.Metrics;
using System.Globalization;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Where this handler does not do what .NET's does, and why. Each test shows both, so that a change in either is noticed; all else is
/// compared for equality by the other tests of this folder.
/// </summary>
public sealed class DeliberateDifferenceTests
{
    // RFC 9110 §9.2.2: what is not idempotent must not be sent twice on a guess. .NET sends it up to four times when the server closes.
    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("GET")]
    public async Task A_request_without_body_on_a_fresh_connection_is_sent_once(string method)
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(_ => Reply.Nothing, run => run.SendAsync(method));
        Assert.Equal(4, CountRequests(reference));
        Assert.Equal(1, CountRequests(ours));
        Assert.StartsWith("failed: HttpRequestException ResponseEnded", ours, StringComparison.Ordinal);
    }

    // RFC 9112 §6.3: two framings are an attack or a bug; a client that guesses is the one that is smuggled through. One response, then the
    // next must not be what is left of it.
    [Theory]
    [InlineData("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200")]
    [InlineData("Content-Length: 3\r\nContent-Length: 5\r\n\r\nhello", "200")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello", "200")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\nhello", "200")]
    [InlineData("Transfer-Encoding: chunked, gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200")]
    [InlineData("Content-Length: +5\r\n\r\nhello", "200")]
    [InlineData("Content-Length: 5, 6\r\n\r\nhello", "200")]
    [InlineData("Content-Length : 5\r\n\r\nhello", "200")]
    [InlineData("Content-Length: 5\r\nX: a\0b\r\n\r\nhello", "200")]
    [InlineData("Content-Length:\r\n 5\r\n\r\nhello", "200")]
    [InlineData("Content-Length: 5\n\nhello", "200")]
    public async Task A_response_that_can_be_read_in_two_ways_is_refused(string afterStatusLine, string reference)
    {
        (string theirs, string ours) = await ParityRun.PlayBothAsync(
            _ => new Reply("HTTP/1.1 200 OK\r\n" + afterStatusLine, Close: true), run => run.SendAsync("POST", "", new StringContent("x")));
        Assert.StartsWith(reference, theirs, StringComparison.Ordinal);
        Assert.StartsWith("failed: HttpRequestException InvalidResponse", ours, StringComparison.Ordinal);
    }

    // RFC 9112 §9.3: without "keep-alive" an HTTP/1.0 server closes; a request sent on that connection may be lost.
    [Fact]
    public async Task A_connection_of_an_HTTP_1_0_server_is_not_reused_unless_it_says_so()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            request => request.Contains("/kept", StringComparison.Ordinal)
                ? "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"
                : "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            async run =>
            {
                run.RecordsRequests = false;
                await run.Client.GetStringAsync(run.Uri);
                await run.Client.GetStringAsync(new Uri(run.Uri, "/kept"));
                await run.Client.GetStringAsync(new Uri(run.Uri, "/kept"));
                run.Log("connections", run.Server.Connections);
            });
        Assert.Equal("connections: 1\n", reference);
        Assert.Equal("connections: 2\n", ours);
    }

    // What names the caller's secrets stays with the origin they were meant for. .NET drops Authorization alone, and that also within the
    // origin.
    [Theory]
    [InlineData("Cookie: own=1", true, false)]
    [InlineData("Proxy-Authorization: Basic x", true, false)]
    [InlineData("Authorization: Bearer x", false, false)]
    [InlineData("X-Other: x", true, true)]
    public async Task Credentials_and_cookies_do_not_travel_to_another_host(string header, bool reference, bool ours)
    {
        (string theirs, string own) = await PlayRedirectAsync(header, "http://localhost:PORT/second");
        Assert.Equal(reference, Second(theirs).Contains(header, StringComparison.Ordinal));
        Assert.Equal(ours, Second(own).Contains(header, StringComparison.Ordinal));
    }

    // Within the origin it is the same server that asked for them.
    [Fact]
    public async Task Authorization_survives_a_redirect_within_its_origin()
    {
        (string reference, string ours) = await PlayRedirectAsync("Authorization: Bearer x", "/second");
        Assert.DoesNotContain("Authorization", Second(reference), StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer x", Second(ours), StringComparison.Ordinal);
    }

    // A Host that was meant for one server is wrong for another.
    [Fact]
    public async Task A_Host_of_the_caller_does_not_travel_to_another_host()
    {
        (string reference, string ours) = await PlayRedirectAsync("Host: example.com", "http://localhost:PORT/second");
        Assert.DoesNotContain("Host: localhost", Second(reference), StringComparison.Ordinal);
        Assert.Contains("Host: localhost:PORT", Second(ours), StringComparison.Ordinal);
    }

    // RFC 9110 §7.2 asks for it.
    [Fact]
    public async Task Host_is_the_first_header_also_when_the_caller_gives_it()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            _ => Reply.Ok(),
            run => run.SendAsync(RequestParityTests.With(run.Request("GET"), headers =>
        {
            headers.Add("X-A", "1");
            headers.Host = "example.com";
        })));
        Assert.Contains("HTTP/1.1\r\nX-A: 1\r\nHost: example.com\r\n", reference, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1\r\nHost: example.com\r\nX-A: 1\r\n", ours, StringComparison.Ordinal);
    }

    // The caller's request is the caller's: sending it again starts where the first try did. .NET rewrites it hop by hop.
    [Fact]
    public async Task A_redirect_leaves_the_request_of_the_caller_as_it_was()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            request => request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("303 See Other", "", "Location: /second")
                : Reply.Ok(),
            async run =>
            {
                run.RecordsRequests = false;
                HttpRequestMessage request = run.Request("POST", "/first", new StringContent("body"));
                using HttpResponseMessage response = await run.Client.SendAsync(request);
                run.Log($"{request.Method} {request.RequestUri!.AbsolutePath} {request.Content is not null}");
                run.Log(
                    $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath} "
                    + $"{response.RequestMessage.Content is not null}");
            });
        Assert.Equal("GET /second False\nGET /second False\n", reference);
        Assert.Equal("POST /first True\nGET /second False\n", ours);
    }

    // A stream that cannot be read again would be sent empty or cut; .NET tries, and fails in the middle.
    [Fact]
    public async Task A_redirect_that_cannot_repeat_the_body_is_returned()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            request => request.Contains("/first", StringComparison.Ordinal) ? Reply.With("307 Moved", "", "Location: /second") : Reply.Ok(),
            run =>
            {
                run.RecordsRequests = false;
                return run.SendAsync("POST", "/first", new StreamContent(new OnceStream("body"u8.ToArray())));
            });
        Assert.StartsWith("failed: HttpRequestException", reference, StringComparison.Ordinal);
        Assert.StartsWith("307", ours, StringComparison.Ordinal);
    }

    // RFC 9112 §2.2, §5: a line break in a value is another header, or another request.
    [Fact]
    public async Task A_line_break_in_a_header_is_refused_before_a_byte_leaves()
    {
        (string reference, string ours) = await ParityRun.PlayBothAsync(_ => Reply.Ok(), run =>
            run.SendAsync(
                RequestParityTests.With(run.Request("GET"), headers => headers.TryAddWithoutValidation("X-A", "a\r\nX-Injected: 1"))));
        Assert.Contains("\r\nX-Injected: 1\r\n", reference, StringComparison.Ordinal);
        Assert.Equal("failed: HttpRequestException Unknown \n", ours);
    }

    // RFC 9112 §6.2: never both. .NET sends the caller's coding beside a Content-Length.
    [Fact]
    public async Task A_transfer_coding_of_the_caller_is_sent_chunked_and_without_a_length()
    {
        await using var server = new RawServer(async (stream, _, token) =>
        {
            byte[] head = new byte[4096];
            int read = 0;
            while (!System.Text.Encoding.ASCII.GetString(head, 0, read).Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                read += await stream.ReadAsync(head.AsMemory(read), token);
            }

            string text = System.Text.Encoding.ASCII.GetString(head, 0, read);
            string coding = text.Split("\r\n").Single(line => line.StartsWith("Transfer-Encoding", StringComparison.Ordinal));
            string seen = $"{text.Contains("Content-Length", StringComparison.Ordinal)} {coding}";
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{seen}"), token);
        });
        Assert.Equal("True Transfer-Encoding: gzip", await PostAsync(new SocketsHttpHandler { UseProxy = false }));
        Assert.Equal("False Transfer-Encoding: gzip, chunked", await PostAsync(new PooledHttpHandler { UseProxy = false }));

        async Task<string> PostAsync(HttpMessageHandler handler)
        {
            using var client = new HttpClient(handler);
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new ByteArrayContent("hello"u8.ToArray()) };
            request.Headers.TransferEncoding.ParseAdd("gzip");
            using HttpResponseMessage response = await client.SendAsync(request);
            return await response.Content.ReadAsStringAsync();
        }
    }

    // A handler that is disposed has an end: what waits learns of it at once, and does not hang on.
    [Fact]
    public async Task Disposing_the_handler_ends_the_requests_in_flight()
    {
        await using var server = new ParityServer(_ => "");
        var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler);
        Task<HttpResponseMessage> pending = invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, server.Uri), CancellationToken.None);
        await Eventually.IsTrue(() => server.Requests.Count == 1, "the request arrives");
        handler.Dispose();
        TransportException e = await Assert.ThrowsAsync<TransportException>(() => Guard.Within(pending, () => "the request hangs on"));
        Assert.IsType<ObjectDisposedException>(e.InnerException);
    }

    private static Task<(string Reference, string Ours)> PlayRedirectAsync(string header, string location) => ParityRun.PlayBothAsync(
        request =>
        {
            string port = request.Split("X-Port: ")[1].Split("\r\n")[0];
            return request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("302 Found", "", $"Location: {location.Replace("PORT", port, StringComparison.Ordinal)}")
                : Reply.Ok();
        },
        run => run.SendAsync(RequestParityTests.With(run.Request("GET", "/first"), headers =>
        {
            headers.Add("X-Port", run.Server.Port.ToString(CultureInfo.InvariantCulture));
            headers.TryAddWithoutValidation(header.Split(": ")[0], header.Split(": ")[1]);
        })),
        new { UseCookies = false });

    // What only watches must not be able to break what it watches. .NET lets it fail the request, and its count of active requests stays
    // behind.
    [Fact]
    public async Task A_metrics_listener_that_throws_does_not_fail_the_request()
    {
        using var meters = new TestMeterFactory();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name == "http.client.active_requests")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("a listener's own fault"));
        listener.Start();
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            _ => Reply.Ok(),
            run => run.SendAsync("GET"),
            new { MeterFactory = meters });
        Assert.StartsWith("failed: InvalidOperationException", reference, StringComparison.Ordinal);
        Assert.StartsWith("200", ours, StringComparison.Ordinal);
    }

    // Every failure of a request's own code looks the same. .NET wraps InvalidOperationException and IOException, and lets all others
    // through.
    [Fact]
    public async Task Whatever_a_selector_of_encodings_throws_is_inside_a_transport_exception()
    {
        HeaderEncodingSelector<HttpRequestMessage> selector = (_, _) => throw new FormatException("the application's own fault");
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            _ => Reply.Ok(),
            run => run.SendAsync(RequestParityTests.With(run.Request("GET"), headers => headers.Add("X-Caller", "value"))),
            new { RequestHeaderEncodingSelector = selector });
        Assert.StartsWith("failed: FormatException", reference, StringComparison.Ordinal);
        Assert.StartsWith("failed: HttpRequestException Unknown", ours, StringComparison.Ordinal);
    }

    private static string Second(string record) => record[record.IndexOf("server saw: GET /second", StringComparison.Ordinal)..];

    private static int CountRequests(string record) => record.Split("server saw:").Length - 1;

    private sealed class OnceStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
