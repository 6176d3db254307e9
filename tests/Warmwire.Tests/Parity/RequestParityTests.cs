using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What leaves the machine, byte for byte as .NET's handler sends it.</summary>
public sealed class RequestParityTests
{
    public static TheoryData<string> Names => [.. s_requests.Keys];

    private static readonly Dictionary<string, Func<ParityRun, HttpRequestMessage>> s_requests = new(StringComparer.Ordinal)
    {
        ["GET"] = run => run.Request("GET"),
        ["HEAD"] = run => run.Request("HEAD"),
        ["OPTIONS"] = run => run.Request("OPTIONS"),
        ["DELETE"] = run => run.Request("DELETE"),
        ["TRACE"] = run => run.Request("TRACE"),
        ["POST without content"] = run => run.Request("POST"),
        ["PUT without content"] = run => run.Request("PUT"),
        ["PATCH without content"] = run => run.Request("PATCH"),
        ["an unknown method"] = run => run.Request("QUERY"),
        ["methods in lower case"] = run => run.Request("get"),
        ["an unknown method in lower case"] = run => run.Request("brew"),
        ["POST with text"] = run => run.Request("POST", "", new StringContent("hello")),
        ["GET with text"] = run => run.Request("GET", "", new StringContent("hello")),
        ["DELETE with text"] = run => run.Request("DELETE", "", new StringContent("hello")),
        ["PATCH with text"] = run => run.Request("PATCH", "", new StringContent("hello", Encoding.Latin1, "text/x-patch")),
        ["POST with an empty content"] = run => run.Request("POST", "", new ByteArrayContent([])),
        ["GET with an empty content"] = run => run.Request("GET", "", new ByteArrayContent([])),
        ["POST with JSON"] = run => run.Request("POST", "", JsonContent.Create(new { a = 1 })),
        ["POST with a form"] = run => run.Request("POST", "", new FormUrlEncodedContent([new("a", "b c"), new("d", "ä")])),
        ["POST with parts"] = run => run.Request(
            "POST",
            "",
            new MultipartFormDataContent("boundary")
            {
                { new StringContent("one"), "first" },
                { new ByteArrayContent([1, 2]), "file", "x.bin" },
            }),
        ["POST with a stream that seeks"] = run => run.Request("POST", "", new StreamContent(new MemoryStream("stream"u8.ToArray()))),
        ["POST with a stream that does not seek"] = run => run.Request(
            "POST", "", new StreamContent(new ForwardStream("stream"u8.ToArray()))),
        ["POST with memory"] = run => run.Request("POST", "", new ReadOnlyMemoryContent("memory"u8.ToArray())),
        ["POST chunked by wish"] = run => With(
            run.Request("POST", "", new StringContent("hello")), headers => headers.TransferEncodingChunked = true),
        ["POST chunked by header text"] = run => With(
            run.Request("POST", "", new StringContent("hello")),
            headers => headers.TryAddWithoutValidation("transfer-encoding", "chunked")),
        ["TransferEncodingChunked false"] = run => With(
            run.Request("POST", "", new StringContent("hello")), headers => headers.TransferEncodingChunked = false),
        ["a content of one's own"] = run => run.Request("POST", "", new OldFashionedContent("old", length: null)),
        ["a content of one's own with a length"] = run => run.Request("POST", "", new OldFashionedContent("old", length: 3)),
        ["a query and a fragment"] = run => run.Request("GET", "/a/b?c=d&e=%20f#fragment"),
        ["escapes and non-ASCII in the path"] = run => run.Request("GET", "/ä/%2F/a b?ö=ü"),
        ["dots in the path"] = run => run.Request("GET", "/a/../b/./c"),
        ["user info in the URI"] = run => new HttpRequestMessage(
            HttpMethod.Get, new UriBuilder(run.Uri) { UserName = "user", Password = "secret" }.Uri),
        ["only a query"] = run => run.Request("GET", "?a"),
        ["a Host of one's own"] = run => With(run.Request("GET"), headers => headers.Host = "example.com"),
        ["a Host with port"] = run => With(run.Request("GET"), headers => headers.Host = "example.com:8080"),
        ["Connection: close"] = run => With(run.Request("GET"), headers => headers.ConnectionClose = true),
        ["User-Agent in products"] = run => With(run.Request("GET"), headers => headers.UserAgent.ParseAdd("a/1 (b; c) d/2")),
        ["User-Agent without validation"] = run => With(
            run.Request("GET"), headers => headers.TryAddWithoutValidation("User-Agent", ["x", "y"])),
        ["repeated headers"] = run => With(run.Request("GET"), headers => headers.Add("X-A", ["1", "2", "3"])),
        ["header names in any case"] = run => With(
            run.Request("GET"), headers => { headers.Add("x-lower", "1"); headers.Add("X-UPPER", "2"); headers.Add("accept", "*/*"); }),
        ["empty header values"] = run => With(
            run.Request("GET"), headers => { headers.Add("X-Empty", ""); headers.TryAddWithoutValidation("X-Void", (string?)null); }),
        ["values with white space around"] = run => With(
            run.Request("GET"), headers => headers.TryAddWithoutValidation("X-Space", "  a b  ")),
        ["every kind of Accept"] = run => With(run.Request("GET"), headers =>
        {
            headers.Accept.ParseAdd("text/html, application/json;q=0.9");
            headers.AcceptLanguage.ParseAdd("de, en;q=0.5");
            headers.AcceptCharset.ParseAdd("utf-8");
            headers.AcceptEncoding.ParseAdd("gzip");
        }),
        ["dates, ranges, conditions"] = run => With(run.Request("GET"), headers =>
        {
            headers.Date = DateTimeOffset.UnixEpoch;
            headers.Range = new RangeHeaderValue(1, 2);
            headers.IfNoneMatch.ParseAdd("\"a\", W/\"b\"");
            headers.IfModifiedSince = DateTimeOffset.UnixEpoch;
            headers.CacheControl = new CacheControlHeaderValue { NoCache = true, MaxAge = TimeSpan.FromSeconds(5) };
        }),
        ["Authorization"] = run => With(
            run.Request("GET"), headers => headers.Authorization = new AuthenticationHeaderValue("Bearer", "abc")),
        ["Referer, From, Via, Te, Trailer, Upgrade"] = run => With(run.Request("GET"), headers =>
        {
            headers.Referrer = new Uri("http://example.com/x#y");
            headers.From = "a@example.com";
            headers.Via.ParseAdd("1.1 proxy");
            headers.TE.ParseAdd("trailers");
            headers.Trailer.Add("X-T");
            headers.Upgrade.ParseAdd("h2c");
        }),
        ["a Cookie by hand"] = run => With(run.Request("GET"), headers => { headers.Add("Cookie", "a=1"); headers.Add("Cookie", "b=2"); }),
        ["Expect: 100-continue"] = run => With(
            run.Request("POST", "", new StringContent("hello")), headers => headers.ExpectContinue = true),
        ["Expect: 100-continue without content"] = run => With(run.Request("POST"), headers => headers.ExpectContinue = true),
        ["content headers of every kind"] = run => run.Request("PUT", "", new ByteArrayContent([65])
        {
            Headers =
            {
                ContentType = new MediaTypeHeaderValue("a/b"),
                ContentEncoding = { "x" }, ContentLanguage = { "de", "en" }, ContentMD5 = [1],
                ContentRange = new ContentRangeHeaderValue(0, 0, 1), Expires = DateTimeOffset.UnixEpoch, Allow = { "GET" },
                ContentLocation = new Uri("/l", UriKind.Relative),
            },
        }),
        ["HTTP/1.0"] = run => AsHttp10(run.Request("GET")),
        ["HTTP/1.0 with content"] = run => AsHttp10(run.Request("POST", "", new StringContent("hello"))),
        ["HTTP/1.0 chunked"] = run => AsHttp10(run.Request("POST", "", new StreamContent(new ForwardStream([1])))),
        ["HTTP/1.0 with Expect"] = run => AsHttp10(
            With(run.Request("POST", "", new StringContent("hello")), headers => headers.ExpectContinue = true)),
        ["HTTP/2 or lower"] = run => WithVersion(run.Request("GET"), HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower),
        ["HTTP/1.1 or higher"] = run => WithVersion(run.Request("GET"), HttpVersion.Version11, HttpVersionPolicy.RequestVersionOrHigher),
        ["HTTP/0.9"] = run => WithVersion(run.Request("GET"), new Version(0, 9), HttpVersionPolicy.RequestVersionOrLower),
        ["chunked without content"] = run => With(run.Request("POST"), headers => headers.TransferEncodingChunked = true),
        ["a scheme that is not HTTP"] = _ => new HttpRequestMessage(HttpMethod.Get, "ftp://127.0.0.1/"),
        ["a relative URI"] = _ => new HttpRequestMessage(HttpMethod.Get, "/relative"),
        ["no URI"] = _ => new HttpRequestMessage { Method = HttpMethod.Get },
        ["a value outside ASCII"] = run => With(run.Request("GET"), headers => headers.TryAddWithoutValidation("X-Name", "Ä")),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public Task A_request_leaves_as_that_of_the_handler_of_NET(string name) =>
        ParityRun.AssertSameAsync(
            request => Reply.Ok(request.StartsWith("HEAD", StringComparison.OrdinalIgnoreCase) ? "" : "ok"),
            run => run.SendAsync(s_requests[name](run)));

    [Theory]
    [InlineData("old", 5)]
    [InlineData("old", 2)]
    [InlineData(null, 5)]
    [InlineData(null, null)]
    public Task A_content_that_breaks_its_promise_fails_the_request(string? text, int? length) =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            run =>
            {
                // Ours is sent as soon as the content waits for something, theirs when a buffer is full.
                run.RecordsRequests = false;
                return run.SendAsync("POST", "", new OldFashionedContent(text, length));
            });

    [Theory]
    [InlineData(DecompressionMethods.GZip)]
    [InlineData(DecompressionMethods.All)]
    [InlineData(DecompressionMethods.Deflate | DecompressionMethods.Brotli)]
    public Task Accept_Encoding_asks_for_what_will_be_undone(DecompressionMethods methods) =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            async run =>
            {
                await run.SendAsync("GET");
                await run.SendAsync(With(run.Request("GET"), headers => headers.AcceptEncoding.ParseAdd("gzip")));
                await run.SendAsync(With(run.Request("GET"), headers => headers.AcceptEncoding.ParseAdd("identity")));
                await run.SendAsync(With(run.Request("GET"), headers => headers.AcceptEncoding.ParseAdd("gzip;q=0")));
                await run.SendAsync(With(run.Request("GET"), headers => headers.AcceptEncoding.ParseAdd("GZIP;q=0.5, x")));
            },
            new { AutomaticDecompression = methods });

    [Fact]
    public Task Default_headers_of_the_client_are_sent_behind_those_of_the_request() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            async run =>
            {
                run.Client.DefaultRequestVersion = HttpVersion.Version10;
                run.Client.DefaultRequestHeaders.Add("X-A", "default");
                run.Client.DefaultRequestHeaders.Add("X-B", "default");
                run.Client.DefaultRequestHeaders.UserAgent.ParseAdd("agent/1");
                await run.SendAsync(With(run.Request("GET"), headers => headers.Add("X-A", "own")));
                run.Log(await run.Client.GetStringAsync(run.Uri));
            });

    [Fact]
    public Task Header_values_are_encoded_as_the_selector_says() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok("", "X-Answer: \u00c3\u00a4"),
            run => run.SendAsync(With(run.Request("GET"), headers => headers.TryAddWithoutValidation("X-Name", "ä"))),
            new
            {
                RequestHeaderEncodingSelector = new HeaderEncodingSelector<HttpRequestMessage>(
                    (name, _) => name == "X-Name" ? Encoding.UTF8 : null),
                ResponseHeaderEncodingSelector = new HeaderEncodingSelector<HttpRequestMessage>(
                    (name, _) => name == "X-Answer" ? Encoding.UTF8 : null),
            });

    [Fact]
    public Task A_request_is_sent_once() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            async run =>
            {
                HttpRequestMessage request = run.Request("GET");
                await run.SendAsync(request);
                await run.SendAsync(request);
                using var invoker = new HttpMessageInvoker(run.Handler, disposeHandler: false);
                using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);
                await run.LogAsync(response);
                run.Log("the response knows its request", ReferenceEquals(request, response.RequestMessage));
            });

    [Fact]
    public Task Synchronous_sending_works_as_well() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok("hello"),
            async run =>
            {
                using HttpRequestMessage request = run.Request("POST", "", new StringContent("text"));
                using HttpResponseMessage response = await Task.Run(() => run.Client.Send(request));
                await run.LogAsync(response);
                using HttpResponseMessage headersOnly = await Task.Run(
                    () => run.Client.Send(run.Request("GET"), HttpCompletionOption.ResponseHeadersRead));
                using var reader = new StreamReader(await Task.Run(() => headersOnly.Content.ReadAsStream()));
                run.Log(await reader.ReadToEndAsync());
            });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_large_upload_arrives_whole(bool seekable) =>
        ParityRun.AssertSameAsync(
            request => Reply.Ok(request.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            run => run.SendAsync(
                "POST", "", new StreamContent(seekable ? new MemoryStream(new byte[3_000_000]) : new ForwardStream(new byte[3_000_000]))));

    [Theory]
    [InlineData("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")]
    public async Task A_refused_expectation_keeps_a_large_body_back(string word)
    {
        await ParityRun.AssertSameAsync(
            _ => new Reply(word, Close: true),
            run =>
            {
                run.Server.SendsContinue = false;
                return run.SendAsync(
                    With(run.Request("POST", "", new ByteArrayContent(new byte[100_000])), headers => headers.ExpectContinue = true));
            },
            new { Expect100ContinueTimeout = TimeSpan.FromSeconds(20) });
    }

    internal static HttpRequestMessage With(HttpRequestMessage request, Action<HttpRequestHeaders> set)
    {
        set(request.Headers);
        return request;
    }

    private static HttpRequestMessage AsHttp10(HttpRequestMessage request) =>
        WithVersion(request, HttpVersion.Version10, HttpVersionPolicy.RequestVersionOrLower);

    private static HttpRequestMessage WithVersion(HttpRequestMessage request, Version version, HttpVersionPolicy policy)
    {
        request.Version = version;
        request.VersionPolicy = policy;
        return request;
    }

    /// <summary>Overrides what every content has overridden since the first version, and nothing newer.</summary>
    private sealed class OldFashionedContent(string? text, long? length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await Task.Yield();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text ?? throw new InvalidTimeZoneException("of the content")));
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length ?? 0;
            return length is not null;
        }
    }

    private sealed class ForwardStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
