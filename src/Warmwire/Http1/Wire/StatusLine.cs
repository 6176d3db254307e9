using System.Net;
using System.Text;
using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Http1.Wire;

/// <summary><c>HTTP/1.1 200 OK</c> (RFC 9112 §4).</summary>
internal readonly struct StatusLine
{
    private const int MinLength = 12; // "HTTP/1.1 200"

    /// <summary>The phrases .NET gives to status codes; most servers send the same.</summary>
    private static readonly string?[] s_standardPhrases = new string?[1000];

    private StatusLine(int minorVersion, int statusCode, int reasonStart, int reasonLength, int length)
    {
        MinorVersion = minorVersion;
        StatusCode = statusCode;
        ReasonStart = reasonStart;
        ReasonLength = reasonLength;
        Length = length;
    }

    private static ReadOnlySpan<byte> Beginning => "HTTP/1."u8;

    /// <summary>0 or 1; a later minor version promises to be understood as 1 (RFC 9110 §2.5).</summary>
    public int MinorVersion { get; }

    public int StatusCode { get; }

    /// <summary>Where in the head the reason phrase is.</summary>
    public int ReasonStart { get; }

    public int ReasonLength { get; }

    /// <summary>With the CR LF: here the header lines begin.</summary>
    public int Length { get; }

    /// <summary>Refuses what is not the beginning of an HTTP/1.x response, as far as it has arrived.</summary>
    public static void CheckBeginning(ReadOnlySpan<byte> head)
    {
        int length = Math.Min(head.Length, Beginning.Length);
        if (!head[..length].SequenceEqual(Beginning[..length]))
        {
            int end = head.IndexOfAny((byte)'\r', (byte)'\n');
            throw new WireFormatException(ResponseErrorTexts.NotHttp(end <= 0 ? head : head[..end]));
        }
    }

    /// <param name="head">Begins with the status line; more may follow.</param>
    public static StatusLine Parse(ReadOnlySpan<byte> head)
    {
        CheckBeginning(head);
        int end = head.IndexOfAny(FieldSyntax.ControlBytes);
        if (end < MinLength || !head[end..].StartsWith("\r\n"u8))
        {
            throw Malformed(head);
        }

        int minor = head[7] - '0';
        int hundreds = head[9] - '0';
        int tens = head[10] - '0';
        int ones = head[11] - '0';
        if ((uint)minor > 9 || head[8] != ' ' || (uint)(hundreds - 1) > 8 || (uint)tens > 9 || (uint)ones > 9)
        {
            throw Malformed(head);
        }

        // The grammar wants the space after the code even without a phrase; servers leave it out, and .NET accepts that.
        int reasonStart = MinLength;
        if (end > MinLength && head[reasonStart++] != ' ')
        {
            throw Malformed(head);
        }

        return new StatusLine(Math.Min(minor, 1), (hundreds * 100) + (tens * 10) + ones, reasonStart, end - reasonStart, end + 2);
    }

    /// <summary>The reason phrase, without a new string when it is the usual one for the code.</summary>
    public string ReasonPhrase(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> reason = head.Slice(ReasonStart, ReasonLength);
        if (reason.IsEmpty)
        {
            return "";
        }

        string standard = s_standardPhrases[StatusCode] ??= StandardPhrase(StatusCode);
        return Ascii.Equals(reason, standard) ? standard : Encoding.Latin1.GetString(reason);
    }

    private static string StandardPhrase(int statusCode)
    {
        using HttpResponseMessage response = new((HttpStatusCode)statusCode);
        return response.ReasonPhrase ?? "";
    }

    private static WireFormatException Malformed(ReadOnlySpan<byte> head) => new(ResponseErrorTexts.StatusLine(head));
}
