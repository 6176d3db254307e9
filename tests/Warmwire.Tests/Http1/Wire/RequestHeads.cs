using Warmwire.Buffers;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>Formats and takes apart request heads for the tests of <see cref="RequestHeadWriter"/>.</summary>
internal static class RequestHeads
{
    public static HttpRequestMessage Get(string uri = "http://example.com/path?q=1") => new(HttpMethod.Get, uri);

    /// <summary>A URI whose path and query nobody looked at.</summary>
    public static Uri Raw(string uri) => new(uri, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>The head as the connection will write it: with the plan made for the request.</summary>
    public static string Write(HttpRequestMessage request, RequestHeadOptions options = default)
    {
        OutputBuffer output = new();
        RequestHeadWriter.Write(output, request, options with { Body = RequestBodyPlan.For(request) });
        string head = WireBytes.Text(output.Written.Span);
        output.Release();
        return head;
    }

    /// <summary>Asserts that the request is refused with nothing left in the output, and returns why.</summary>
    public static string Refusal(HttpRequestMessage request, RequestHeadOptions options = default)
    {
        OutputBuffer output = new();
        output.WriteAscii("earlier");
        HttpRequestException refused = Assert.Throws<HttpRequestException>(() => RequestHeadWriter.Write(output, request, in options));
        Assert.Equal("earlier", WireBytes.Text(output.Written.Span));
        output.Release();
        return refused.Message;
    }

    public static (string RequestLine, List<(string Name, string Value)> Fields) Parse(string head)
    {
        Assert.EndsWith("\r\n\r\n", head, StringComparison.Ordinal);
        int lineEnd = head.IndexOf("\r\n", StringComparison.Ordinal);
        byte[] block = WireBytes.Of(head[(lineEnd + 2)..]);
        List<(string, string)> fields = [];
        HeaderLineReader reader = new(block);
        while (reader.MoveNext())
        {
            fields.Add((WireBytes.Text(reader.Name), WireBytes.Text(reader.Value)));
        }

        return (head[..lineEnd], fields);
    }
}
