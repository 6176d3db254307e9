using System.Buffers;
using System.Globalization;
using System.Text;

namespace Warmwire.Tests.Kit;

/// <summary>A request as it arrived. The parser is strict: a request that bends RFC 9112 fails the test that sent it.</summary>
public sealed class ReceivedRequest
{
    private static readonly SearchValues<char> s_delimiters = SearchValues.Create(" \t\"(),/;<=>?@[\\]{}");

    private ReceivedRequest(
        string head, string method, string target, string version, IReadOnlyList<(string Name, string Value)> headerLines)
    {
        Head = head;
        Method = method;
        Target = target;
        Version = version;
        HeaderLines = headerLines;
        Headers = Join(headerLines);
    }

    /// <summary>Everything up to and with the empty line, as it came.</summary>
    public string Head { get; }

    public string Method { get; }

    public string Target { get; }

    public string Version { get; }

    /// <summary>The header lines in their order.</summary>
    public IReadOnlyList<(string Name, string Value)> HeaderLines { get; }

    /// <summary>The headers by name in any case; the values of repeated ones are joined by a comma.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    public byte[] Body { get; internal set; } = [];

    /// <summary>The sizes of the chunks the body came in; empty for a body with a length.</summary>
    public IReadOnlyList<int> ChunkSizes { get; internal set; } = [];

    public IReadOnlyDictionary<string, string> Trailers { get; internal set; } = Join([]);

    public string BodyText => Encoding.UTF8.GetString(Body);

    internal bool IsChunked =>
        Headers.TryGetValue("Transfer-Encoding", out string? coding) && coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);

    internal int ContentLength =>
        Headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    public static ReceivedRequest Parse(string head)
    {
        ArgumentNullException.ThrowIfNull(head);
        if (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            throw new FormatException($"A request head without its end: {Visible.Text(head)}");
        }

        string[] lines = head[..^4].Split("\r\n");
        string[] start = lines[0].Split(' ');
        if (start.Length != 3 || start.Any(part => part.Length == 0) || !start[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            throw new FormatException($"Not a request line: {Visible.Text(lines[0])}");
        }

        var headers = lines.Skip(1).Select(ParseHeader).ToList();
        var request = new ReceivedRequest(head, start[0], start[1], start[2], headers);
        bool hasLength = request.Headers.ContainsKey("Content-Length");
        if (hasLength && request.Headers.ContainsKey("Transfer-Encoding"))
        {
            throw new FormatException($"Content-Length with Transfer-Encoding: {Visible.Text(head)}");
        }

        if (request.Version == "HTTP/1.1" && headers.Count(header => header.Name.Equals("Host", StringComparison.OrdinalIgnoreCase)) != 1)
        {
            throw new FormatException($"Not exactly one Host: {Visible.Text(head)}");
        }

        return request;
    }

    internal static (string Name, string Value) ParseHeader(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        bool clean = colon > 0
            && line.AsSpan(0, colon).IndexOfAny(s_delimiters) < 0
            && line.AsSpan().IndexOfAny('\r', '\n', '\0') < 0;
        return clean ? (line[..colon], line[(colon + 1)..].Trim(' ', '\t'))
            : throw new FormatException($"Not a header: {Visible.Text(line)}");
    }

    internal static IReadOnlyDictionary<string, string> Join(IEnumerable<(string Name, string Value)> lines) =>
        lines.GroupBy(line => line.Name, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(
                group => group.Key, group => string.Join(", ", group.Select(line => line.Value)), StringComparer.OrdinalIgnoreCase);
}
