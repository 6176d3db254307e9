using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>
/// The same request through <see cref="SocketsHttpHandler"/> and through our writer: the heads must not differ in a byte.
/// </summary>
public class SameBytesAsDotnetTests
{
    public static TheoryData<string> Cases => [.. s_cases.Keys];

    private static readonly Dictionary<string, Func<HttpRequestMessage>> s_cases = new(StringComparer.Ordinal)
    {
        ["plain GET"] = static () => RequestHeads.Get(),
        ["other port"] = static () => RequestHeads.Get("http://example.com:8080/?a=b%20c&d=\u00E4"),
        ["IPv6"] = static () => RequestHeads.Get("http://[::1]:8080/x"),
        ["international name"] = static () => RequestHeads.Get("http://b\u00FCcher.example/"),
        ["user information and fragment"] = static () => RequestHeads.Get("http://user:pw@example.com/a#b"),
        ["star"] = static () => new(HttpMethod.Options, "http://example.com/*"),
        ["not canonicalised"] = static () => new(HttpMethod.Get, RequestHeads.Raw("http://example.com/a%2fb/../c?d|e")),
        ["HTTP/1.0"] = static () => new(HttpMethod.Get, "http://h/") { Version = HttpVersion.Version10 },
        ["many headers"] = static () =>
        {
            HttpRequestMessage request = RequestHeads.Get();
            HttpRequestHeaders headers = request.Headers;
            headers.TryAddWithoutValidation("x-lower", "1");
            headers.TryAddWithoutValidation("accept", "text/html;q=0.5,application/json");
            headers.Accept.ParseAdd("image/png; q=0.3");
            headers.AcceptLanguage.ParseAdd("de, en;q=0.5");
            headers.UserAgent.ParseAdd("one/1 (comment; more) two/2.0");
            headers.TryAddWithoutValidation("X-Many", ["a", "b", "c, d"]);
            headers.TryAddWithoutValidation("X-Empty", "");
            headers.TryAddWithoutValidation("X-Blank", "  padded \t");
            headers.TryAddWithoutValidation("Server", ["one", "two"]);
            headers.TryAddWithoutValidation("cookie", ["a=1", "b=2"]);
            headers.Authorization = new AuthenticationHeaderValue("Bearer", "abc");
            headers.IfModifiedSince = new DateTimeOffset(2026, 11, 22, 1, 2, 3, TimeSpan.Zero);
            headers.CacheControl = new CacheControlHeaderValue { NoCache = true, MaxAge = TimeSpan.FromSeconds(5) };
            headers.Connection.Add("keep-alive");
            headers.ConnectionClose = true;
            headers.TE.ParseAdd("trailers");
            headers.Via.ParseAdd("1.1 a, 1.1 b");
            return request;
        },
        ["text"] = static () => With(new StringContent("hello", Encoding.UTF8, "text/plain")),
        ["bytes"] = static () => With(new ByteArrayContent([1, 2, 3])),
        ["no bytes"] = static () => With(new ByteArrayContent([])),
        ["form"] = static () => With(new FormUrlEncodedContent([new("a", "b c")])),
        ["length set first"] = static () =>
        {
            StreamContent content = new(new MemoryStream(new byte[5]));
            content.Headers.ContentLength = 5;
            content.Headers.TryAddWithoutValidation("Content-Language", ["de", "en"]);
            content.Headers.TryAddWithoutValidation("X-Of-Content", "x");
            return With(content);
        },
        ["chunked on demand"] = static () =>
        {
            HttpRequestMessage request = With(new StringContent("hello"));
            request.Headers.TransferEncodingChunked = true;
            request.Headers.Add("After", "x");
            return request;
        },
        ["chunked by need"] = static () =>
        {
            HttpRequestMessage request = With(new UnknownLengthContent());
            request.Headers.Add("Before", "x");
            return request;
        },
        ["another coding under chunked"] = static () =>
        {
            HttpRequestMessage request = With(new UnknownLengthContent());
            request.Headers.TransferEncoding.ParseAdd("gzip");
            return request;
        },
        ["body with GET"] = static () => new(HttpMethod.Get, "http://h/") { Content = new StringContent("x") },
        ["HTTP/1.0 with body and expectation"] = static () =>
        {
            HttpRequestMessage request = With(new StringContent("x"));
            request.Version = HttpVersion.Version10;
            request.Headers.ExpectContinue = true;
            return request;
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_head_is_the_same(string name)
    {
        using HttpRequestMessage theirs = s_cases[name]();
        using HttpRequestMessage ours = s_cases[name]();
        Assert.Equal(await HeadOfDotnet(theirs), RequestHeads.Write(ours));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("get")]
    [InlineData("HEAD")]
    [InlineData("POST")]
    [InlineData("post")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("delete")]
    [InlineData("OPTIONS")]
    [InlineData("TRACE")]
    [InlineData("QUERY")]
    [InlineData("query")]
    [InlineData("PROPFIND")]
    [InlineData("custom")]
    public async Task Every_method_without_content_says_the_same_about_its_body(string method)
    {
        using HttpRequestMessage theirs = new(new HttpMethod(method), "http://h/");
        using HttpRequestMessage ours = new(new HttpMethod(method), "http://h/");
        Assert.Equal(await HeadOfDotnet(theirs), RequestHeads.Write(ours));
    }

    private static HttpRequestMessage With(HttpContent content) => new(HttpMethod.Post, "http://example.com/") { Content = content };

    private static async Task<string> HeadOfDotnet(HttpRequestMessage request)
    {
        await using OneResponseStream peer = new();
        using SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(peer),
        };
        using HttpMessageInvoker invoker = new(handler);
        using HttpResponseMessage response = await invoker.SendAsync(request, TestContext.Current.CancellationToken);
        return peer.Head;
    }

    private sealed class UnknownLengthContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            stream.WriteAsync("hello"u8.ToArray()).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Takes whatever is written, and answers 200 as soon as a head was.</summary>
    private sealed class OneResponseStream : Stream
    {
        private readonly MemoryStream _written = new();
        private readonly TaskCompletionSource _headWritten = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private byte[] _response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray();

        public string Head { get; private set; } = "";

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _written.Write(buffer.Span);
            string text = WireBytes.Text(_written.ToArray());
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && !_headWritten.Task.IsCompleted)
            {
                Head = text[..(end + 4)];
                _headWritten.SetResult();
            }

            return ValueTask.CompletedTask;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _headWritten.Task.WaitAsync(cancellationToken);
            int count = Math.Min(buffer.Length, _response.Length);
            _response.AsSpan(0, count).CopyTo(buffer.Span);
            _response = _response[count..];
            return count;
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
