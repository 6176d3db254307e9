using System.Net;
using Warmwire.Buffers;
using Warmwire.Exchange;
using Warmwire.Fields;
using Warmwire.Http1.Flow;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>What repeats on every request makes no garbage.</summary>
public class AllocationTests
{
    private static readonly byte[] s_response = WireBytes.Of(
        "HTTP/1.1 200 OK\r\nServer: nginx/1.27.3\r\nDate: Sun, 22 Nov 2026 01:41:28 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n" +
        "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-Served-By: \r\nVary: Accept-Encoding\r\n\r\n" +
        "5;x\r\nhello\r\n0\r\n\r\n");

    [Fact]
    public void Reading_a_usual_response_allocates_nothing() => Assert.Equal(0, AllocatedBy(ReadResponse));

    [Fact]
    public void Writing_a_usual_request_allocates_only_what_the_Uri_makes()
    {
        using HttpRequestMessage request = RequestHeads.Get("http://example.com:8080/path?q=1");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "test/1.0");
        request.Headers.TryAddWithoutValidation("X-Request-ID", "0123456789abcdef");
        OutputBuffer output = new();
        RequestHeadOptions options = new() { HostValue = HostField.ValueFor(request.RequestUri!) };
        long ofTheUri = AllocatedBy(() => _ = request.RequestUri!.PathAndQuery);

        Assert.Equal(ofTheUri, AllocatedBy(() =>
        {
            output.Clear();
            RequestHeadWriter.Write(output, request, options);
        }));
        Assert.InRange(ofTheUri, 0, 64);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_whose_Uri_is_used_again_is_checked_and_written_without_garbage(bool withHeaders)
    {
        Uri uri = new("http://example.com:8080/path?q=1");
        OutputBuffer output = new();
        RequestTargetCache target = new();

        Assert.Equal(0, AllocatedBy(() => Request(uri, withHeaders), request => Write(output, request, target)));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public void Writing_the_head_of_an_upload_allocates_nothing(int length)
    {
        // The length is a field of the content's headers by then, as a number: .NET would make a string of it for a reader of the fields.
        using ByteArrayContent content = new(new byte[length]);
        using HttpRequestMessage request = new(HttpMethod.Post, "http://example.com/path") { Content = content };
        OutputBuffer output = new();
        RequestTargetCache target = new();

        Assert.Equal(0, AllocatedBy(() => request, again => Write(output, again, target)));
    }

    [Fact]
    public void Making_a_response_allocates_what_its_public_types_do()
    {
        byte[] head = WireBytes.Of(
            "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 04:20:53 GMT\r\nContent-Type: text/plain\r\n" +
            "Content-Length: 14\r\nConnection: keep-alive\r\n\r\n");
        using HttpRequestMessage request = RequestHeads.Get();
        long ofTheTypes = AllocatedBy(() =>
        {
            HttpResponseMessage response = new() { Content = new OneByte() };
            response.Headers.TryAddWithoutValidation("Server", "nginx/1.22.1");
            response.Headers.TryAddWithoutValidation("Date", "Sun, 22 Nov 2026 04:20:53 GMT");
            response.Content.Headers.TryAddWithoutValidation("Content-Type", "text/plain");
            response.Content.Headers.TryAddWithoutValidation("Content-Length", "14");
            response.Headers.TryAddWithoutValidation("Connection", "keep-alive");
        });

        HandlerSettings settings = new();
        Assert.Equal(ofTheTypes, AllocatedBy(() =>
        {
            HeadScanner scanner = default;
            Assert.True(scanner.TryFindEnd(head, out int length));
            StatusLine status = StatusLine.Parse(head);
            HttpResponseMessage response = Http1ResponseHead.Create(head, status, request, new OneByte());
            Http1ResponseHead.Read(head.AsSpan(0, length), status, request, response, settings);
        }));
    }

    private static HttpRequestMessage Request(Uri uri, bool withHeaders)
    {
        HttpRequestMessage request = new(HttpMethod.Get, uri);
        if (withHeaders)
        {
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
            request.Headers.TryAddWithoutValidation("User-Agent", "test/1.0");
            request.Headers.TryAddWithoutValidation("X-Request-ID", "0123456789abcdef");
        }

        return request;
    }

    private static void Write(OutputBuffer output, HttpRequestMessage request, RequestTargetCache target)
    {
        output.Clear();
        RequestRules.Check(request);
        RequestHeadWriter.Write(output, request, new RequestHeadOptions { Body = RequestBodyPlan.For(request), Target = target });
    }

    private static void ReadResponse()
    {
        ReadOnlySpan<byte> input = s_response;
        HeadScanner scanner = default;
        Assert.True(scanner.TryFindEnd(input, out int length));
        StatusLine status = StatusLine.Parse(input);
        _ = status.ReasonPhrase(input);
        ResponseFraming framing = default;
        HeaderLineReader reader = new(input[status.Length..length]);
        while (reader.MoveNext())
        {
            ResponseHeaderNames.Lookup(reader.Name, out KnownResponseHeader known, out _);
            ResponseHeaderNames.DecodeValue(known, reader.Value, null);
            framing.Add(known, reader.Value);
        }

        framing.Resolve(status.StatusCode, status.MinorVersion, false, false);
        ChunkDecoder decoder = default;
        ReadOnlySpan<byte> body = input[length..];
        while (decoder.Decode(body, 100, out int consumed, out _, out _) == ChunkStatus.Data)
        {
            body = body[consumed..];
        }
    }

    /// <summary>What the action allocates for an argument, without the argument.</summary>
    private static long AllocatedBy<T>(Func<T> argument, Action<T> action)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            T made = argument();
            long before = GC.GetAllocatedBytesForCurrentThread();
            action(made);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static long AllocatedBy(Action action)
    {
        // The least of several: the first runs fill tables, and other tests share the memory of recent strings.
        long least = long.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private sealed class OneByte : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
