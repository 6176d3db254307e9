using System.Net;
using System.Text;
using Warmwire.Bodies;
using Warmwire.Exchange;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class DecompressionTests
{
    private const DecompressionMethods All = DecompressionMethods.All;

    [Theory]
    [InlineData(DecompressionMethods.None, null, null)]
    [InlineData(DecompressionMethods.GZip, null, "gzip")]
    [InlineData(DecompressionMethods.Deflate, null, "deflate")]
    [InlineData(DecompressionMethods.Brotli, null, "br")]
    [InlineData(DecompressionMethods.GZip | DecompressionMethods.Brotli, null, "gzip, br")]
    [InlineData(All, null, "gzip, deflate, br")]
    [InlineData(All, "gzip", "deflate, br")]
    [InlineData(All, "GZIP;q=0.5 , Deflate", "br")]
    [InlineData(All, "br;q=0", "gzip, deflate")]
    [InlineData(All, "gzip, deflate, br", null)]
    [InlineData(All, "identity", "gzip, deflate, br")]
    [InlineData(DecompressionMethods.GZip, "not // valid, gzip", null)]
    [InlineData(DecompressionMethods.GZip, "xgzip", "gzip")]
    public void Accept_encoding_names_what_the_request_does_not(DecompressionMethods methods, string? given, string? expected)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        if (given is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Encoding", given);
        }

        string before = request.Headers.ToString();
        Assert.Equal(expected, Decompression.AcceptEncodingToAdd(request, methods));
        Assert.Equal(before, request.Headers.ToString());
    }

    public static TheoryData<string, string> Heads => new()
    {
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Type: text/plain\nContent-Language: en, de" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: GZip\nX: y" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: br, gzip" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: br\nContent-Encoding: gzip" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: x, br\nContent-Encoding: gzip" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: gzip," },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: gzip, identity" },
        { "GET", "HTTP/1.1 200 OK\nContent-Encoding: " },
        { "GET", "HTTP/1.1 200 OK" },
        { "HEAD", "HTTP/1.1 200 OK\nContent-Encoding: gzip" },
        { "GET", "HTTP/1.1 304 Not Modified\nContent-Encoding: gzip" },
        { "GET", "HTTP/1.1 404 Not Found\nContent-Encoding: gzip" },
    };

    [Theory]
    [MemberData(nameof(Heads))]
    public async Task Content_headers_and_body_are_what_dotnet_makes_of_them(string method, string head)
    {
        byte[] body = Compressed.Make("gzip", Encoding.UTF8.GetBytes("hello hello"));
        byte[] answer = ReferenceClient.Response(
            $"{head}\nContent-Length: {body.Length}", method == "HEAD" || head.Contains("304", StringComparison.Ordinal) ? [] : body);
        (string Headers, byte[] Body) expected = await Exchange(All);
        (string Headers, byte[] Body) actual = await Exchange(DecompressionMethods.None);
        Assert.Equal(expected.Headers, actual.Headers);
        Assert.Equal(expected.Body, actual.Body);

        async Task<(string, byte[])> Exchange(DecompressionMethods methods)
        {
            using SocketsHttpHandler handler = ReferenceClient.Handler(_ => answer);
            handler.AutomaticDecompression = methods;
            using HttpMessageInvoker invoker = new(handler);
            using HttpRequestMessage request = new(new HttpMethod(method), "http://a.test/");
            using HttpResponseMessage response = await invoker.SendAsync(request, TestContext.Current.CancellationToken);
            if (methods == DecompressionMethods.None)
            {
                Decompression.Apply(response, All);
            }

            string headers = string.Join(
                '\n',
                response.Content.Headers.Select(
                    header => $"{header.Key}: {string.Join(", ", header.Value)}").Order(StringComparer.Ordinal));
            return (headers, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("gzip", DecompressionMethods.Brotli)]
    [InlineData("br", DecompressionMethods.GZip)]
    [InlineData("deflate", DecompressionMethods.None)]
    public void A_method_that_is_off_leaves_the_content_alone(string coding, DecompressionMethods methods)
    {
        using HttpResponseMessage response = Respond(coding, new StreamContent(new OneWayStream([])));
        HttpContent content = response.Content;
        Decompression.Apply(response, methods);
        Assert.Same(content, response.Content);
    }

    [Fact]
    public void A_response_without_content_is_left_alone()
    {
        using HttpResponseMessage response = new();
        Decompression.Apply(response, All);
        Assert.Equal(0, response.Content.Headers.ContentLength);
    }

    [Fact]
    public void The_connection_is_known_through_the_decompression()
    {
        using HttpResponseMessage response = Respond("gzip", new KnowingContent());
        Decompression.Apply(response, All);
        Assert.IsType<DecompressedContent>(response.Content);
        Assert.Equal(7, response.GetConnectionInfo()?.ConnectionId);
    }

    [Fact]
    public async Task Disposing_the_response_disposes_the_body_below()
    {
        foreach (bool opened in new[] { false, true })
        {
            OneWayStream body = new(Compressed.Make("gzip", new byte[1000]));
            HttpResponseMessage response = Respond("gzip", new StreamContent(body));
            Decompression.Apply(response, All);
            if (opened)
            {
                Stream stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
                Assert.Equal(1, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
            }

            response.Dispose();
            Assert.True(body.Disposed);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Copying_the_content_disposes_the_body_below_at_its_end(bool synchronously)
    {
        byte[] expected = Compressed.Sample(100_000);
        OneWayStream body = new(Compressed.Make("br", expected), piece: 1000);
        using HttpResponseMessage response = Respond("br", new StreamContent(body));
        Decompression.Apply(response, All);
        using MemoryStream target = new();
        if (synchronously)
        {
            response.Content.CopyTo(target, null, TestContext.Current.CancellationToken);
        }
        else
        {
            await response.Content.CopyToAsync(target, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected, target.ToArray());
        Assert.Equal(1, body.EndsTold);
        Assert.True(body.Disposed);
    }

    [Fact]
    public void The_synchronous_stream_reads_synchronously()
    {
        byte[] expected = Compressed.Sample(10_000);
        using HttpResponseMessage response = Respond("deflate", new StreamContent(new OneWayStream(Compressed.Make("zlib", expected))));
        Decompression.Apply(response, All);
        using MemoryStream target = new();
        response.Content.ReadAsStream(TestContext.Current.CancellationToken).CopyTo(target);
        Assert.Equal(expected, target.ToArray());
    }

    [Fact]
    public async Task The_content_can_be_read_once_and_buffered_for_more()
    {
        byte[] expected = Compressed.Sample(10_000);
        using HttpResponseMessage response = Respond("gzip", new StreamContent(new OneWayStream(Compressed.Make("gzip", expected))));
        Decompression.Apply(response, All);
        await response.Content.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        Assert.Equal(expected, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(expected, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

        using HttpResponseMessage other = Respond("gzip", new StreamContent(new OneWayStream(Compressed.Make("gzip", expected))));
        Decompression.Apply(other, All);
        await other.Content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => other.Content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_client_that_buffers_gets_a_body_cut_short_as_a_request_exception()
    {
        byte[] whole = Compressed.Make("gzip", Compressed.Sample(10_000));
        using HttpResponseMessage response = Respond("gzip", new StreamContent(new OneWayStream(whole[..^3])));
        Decompression.Apply(response, All);
        HttpRequestException thrown = await Assert.ThrowsAsync<HttpRequestException>(
            () => response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal(HttpRequestError.ResponseEnded, thrown.HttpRequestError);
    }

    private static HttpResponseMessage Respond(string coding, HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
        return new HttpResponseMessage { Content = content };
    }

    private sealed class KnowingContent() : StreamContent(Stream.Null), IConnectionInfoSource
    {
        public TransportConnectionInfo ConnectionInfo => new()
        {
            ConnectionId = 7,
            Reused = false,
            IdleTime = default,
            RemoteEndPoint = null,
            QueueTime = default,
            DnsTime = default,
            ConnectTime = default,
            TlsTime = default,
            ResponseHeadersTime = default,
            Replays = 0,
        };
    }
}
