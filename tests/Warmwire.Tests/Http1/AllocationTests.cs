using Warmwire.Http1;
using Xunit;

namespace Warmwire.Tests.Http1;

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
}
