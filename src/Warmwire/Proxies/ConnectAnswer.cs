using System.Text;
using Warmwire.Fields;
using Warmwire.Http1.Wire;

namespace Warmwire.Proxies;

/// <summary>What the head of a proxy's answer to CONNECT says. Made of one head; the bytes behind it are not looked at.</summary>
internal sealed class ConnectAnswer
{
    private ConnectAnswer(int statusCode, string reason, FramingResult framing, IReadOnlyList<string> challenges, string? info)
    {
        StatusCode = statusCode;
        Reason = reason;
        Framing = framing;
        Challenges = challenges;
        AuthenticationInfo = info;
    }

    public int StatusCode { get; }

    public string Reason { get; }

    /// <summary>How its body ends, and whether another CONNECT may follow on the connection.</summary>
    public FramingResult Framing { get; }

    /// <summary>The values of its <c>Proxy-Authenticate</c> fields.</summary>
    public IReadOnlyList<string> Challenges { get; }

    /// <summary>The value of its <c>Proxy-Authentication-Info</c> field (RFC 9110 §11.7.3).</summary>
    public string? AuthenticationInfo { get; }

    /// <summary>
    /// Any 2xx opens the tunnel, and what it says of a body is ignored: the tunnel begins behind the empty line (RFC 9110 §9.3.6, RFC 9112
    /// §6.3, rule 2).
    /// </summary>
    public bool IsTunnel => StatusCode is >= 200 and <= 299;

    /// <summary>Another answer follows (RFC 9110 §15.2). 101 is none: nobody asked for another protocol.</summary>
    public bool IsInterim => StatusCode is >= 100 and <= 199 and not 101;

    /// <param name="head">From the status line to the empty line.</param>
    /// <param name="maxLines">How many fields it may have.</param>
    /// <exception cref="WireFormatException">It is malformed.</exception>
    public static ConnectAnswer Parse(ReadOnlySpan<byte> head, int maxLines)
    {
        StatusLine status = StatusLine.Parse(head);
        var framing = new ResponseFraming();
        var lines = new HeaderLineReader(head[status.Length..]);
        List<string>? challenges = null;
        string? info = null;
        for (int count = 1; lines.MoveNext(); count++)
        {
            if (count > maxLines)
            {
                throw new WireFormatException($"more than {maxLines} header lines", "PooledHttpHandler.MaxResponseHeaderCount");
            }

            ResponseHeaderNames.Lookup(lines.Name, lines.NameIndex, out KnownResponseHeader known, out _);
            framing.Add(known, lines.Value);
            if (known == KnownResponseHeader.ProxyAuthenticate && (challenges?.Count ?? 0) < ProxyLimits.Challenges)
            {
                (challenges ??= []).Add(Encoding.Latin1.GetString(lines.Value));
            }
            else if (Ascii.EqualsIgnoreCase(lines.Name, "Proxy-Authentication-Info"u8))
            {
                info = Encoding.Latin1.GetString(lines.Value);
            }
        }

        return new ConnectAnswer(
            status.StatusCode,
            status.ReasonPhrase(head),
            framing.Resolve(status.StatusCode, status.MinorVersion, isHead: false, isConnect: true),
            challenges ?? (IReadOnlyList<string>)[],
            info);
    }
}
