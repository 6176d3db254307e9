using System.Net;
using Warmwire.Buffers;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

public class RequestBodyPlanTests
{
    [Fact]
    public void Without_content_there_is_no_body()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        Assert.Equal(RequestBodyKind.None, RequestBodyPlan.For(request).Kind);
    }

    [Fact]
    public void Content_that_knows_its_length_has_one()
    {
        using HttpRequestMessage request = Post(new StringContent("hello"));
        RequestBodyPlan plan = RequestBodyPlan.For(request);
        Assert.Equal((RequestBodyKind.Length, 5L), (plan.Kind, plan.Length));
        string head = RequestHeads.Write(request);
        Assert.Equal("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n", head);
    }

    [Fact]
    public void Empty_content_has_a_length_of_zero()
    {
        using HttpRequestMessage request = Post(new ByteArrayContent([]));
        Assert.Equal("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", RequestHeads.Write(request));
    }

    [Fact]
    public void Content_that_does_not_know_its_length_is_chunked()
    {
        using HttpRequestMessage request = Post(new EndlessContent());
        Assert.Equal(RequestBodyKind.Chunked, RequestBodyPlan.For(request).Kind);
        Assert.Equal("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", RequestHeads.Write(request));
        Assert.Null(request.Headers.TransferEncodingChunked); // the request is not changed
    }

    [Fact]
    public void The_caller_may_ask_for_chunked_and_then_there_is_no_length()
    {
        using HttpRequestMessage request = Post(new StringContent("hello"));
        request.Content!.Headers.ContentLength = 5;
        request.Headers.TransferEncodingChunked = true;
        Assert.Equal(RequestBodyKind.Chunked, RequestBodyPlan.For(request).Kind);
        Assert.Equal(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
            RequestHeads.Write(request));
    }

    [Theory]
    [InlineData("chunked", "chunked")]
    [InlineData("Chunked", "chunked")]
    [InlineData("gzip", "gzip, chunked")]
    [InlineData("gzip, chunked", "gzip, chunked")]
    [InlineData("gzip,,chunked,", "gzip, chunked")]
    [InlineData("gzip|chunked", "gzip, chunked")]
    [InlineData("custom; a=b, chunked", "custom; a=b, chunked")]
    [InlineData("", "chunked")]
    public void Chunked_is_announced_once_and_last(string values, string expected)
    {
        using HttpRequestMessage request = Post(new StringContent("hello"));
        request.Headers.TryAddWithoutValidation("Transfer-Encoding", values.Split('|'));
        List<(string Name, string Value)> fields = RequestHeads.Parse(RequestHeads.Write(request)).Fields;
        Assert.Equal([("Transfer-Encoding", expected)], fields.Where(field => field.Name == "Transfer-Encoding"));
        Assert.DoesNotContain(fields, field => field.Name == "Content-Length");
    }

    [Theory]
    [InlineData("chunked, gzip")]
    [InlineData("chunked, chunked")]
    [InlineData("chunked|chunked")]
    [InlineData("gzip\r\nEvil: 1")]
    [InlineData("gz\u00EFp")]
    public void A_Transfer_Encoding_nobody_could_frame_is_refused(string values)
    {
        using HttpRequestMessage request = Post(new StringContent("hello"));
        request.Headers.TryAddWithoutValidation("Transfer-Encoding", values.Split('|'));
        Assert.Throws<HttpRequestException>(() => RequestBodyPlan.For(request));
        RequestHeads.Refusal(request, new() { Body = RequestBodyPlan.Chunked });
    }

    [Fact]
    public void A_Transfer_Encoding_is_never_sent_beside_a_length()
    {
        using HttpRequestMessage request = Post(new StringContent("hello"));
        request.Headers.TryAddWithoutValidation("Transfer-Encoding", "chunked");
        OutputBuffer output = new();
        RequestHeadWriter.Write(output, request, new() { Body = RequestBodyPlan.OfLength(5) });
        Assert.DoesNotContain("Transfer-Encoding", WireBytes.Text(output.Written.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Chunked_without_content_is_refused()
    {
        using HttpRequestMessage request = RequestHeads.Get();
        request.Headers.TransferEncodingChunked = true;
        Assert.Throws<HttpRequestException>(() => RequestBodyPlan.For(request));
    }

    [Fact]
    public void HTTP_1_0_cannot_be_chunked()
    {
        using HttpRequestMessage asked = Post(new StringContent("hello"));
        asked.Version = HttpVersion.Version10;
        Assert.Equal(RequestBodyKind.Length, RequestBodyPlan.For(asked).Kind);
        asked.Headers.TransferEncodingChunked = true;
        Assert.Throws<NotSupportedException>(() => RequestBodyPlan.For(asked));

        using HttpRequestMessage needed = Post(new EndlessContent());
        needed.Version = HttpVersion.Version10;
        Assert.Throws<NotSupportedException>(() => RequestBodyPlan.For(needed));
    }

    [Fact]
    public void A_length_the_caller_garbled_is_computed_instead()
    {
        using HttpRequestMessage request = Post(new ByteArrayContent([1, 2, 3]));
        request.Content!.Headers.TryAddWithoutValidation("Content-Length", ["+5", "6"]);
        List<(string Name, string Value)> fields = RequestHeads.Parse(RequestHeads.Write(request)).Fields;
        Assert.Equal([("Host", "h"), ("Content-Length", "3")], fields);
    }

    [Fact]
    public void A_negative_length_is_refused()
    {
        using HttpRequestMessage request = Post(new EndlessContent(-1));
        Assert.Throws<HttpRequestException>(() => RequestBodyPlan.For(request));
    }

    private static HttpRequestMessage Post(HttpContent content) => new(HttpMethod.Post, "http://h/") { Content = content };

    private sealed class EndlessContent(long? length = null) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long computed)
        {
            computed = length.GetValueOrDefault();
            return length is not null;
        }
    }
}
