using System.Text;

namespace Warmwire.Diagnostics;

/// <summary>
/// What can be wrong with the bytes of an HTTP/1.1 response. Values of headers are shown only where they decide the framing.
/// </summary>
internal static class ResponseErrorTexts
{
    public const string BareLineFeed = "A line of the response ends with LF alone; HTTP/1.1 lines end with CR LF (RFC 9112 §2.2).";
    public const string BareCarriageReturn = "The response contains a CR that no LF follows (RFC 9112 §2.2).";
    public const string UnterminatedLine = "A line of the response's head or trailers has no end.";
    public const string LengthAndTransferEncoding =
        "The response has both Content-Length and Transfer-Encoding, so its end is ambiguous (RFC 9112 §6.3, rule 3).";
    public const string TransferEncodingOnHttp10 =
        "The HTTP/1.0 response has a Transfer-Encoding, which that version does not know (RFC 9112 §6.1).";
    public const string SeveralTransferEncodings =
        "The response has more than one Transfer-Encoding header; only one is accepted.";
    public const string MissingLineEndAfterChunk = "The data of a chunk is not followed by CR LF (RFC 9112 §7.1).";
    public const string ChunkSizeMissing = "A chunk begins without a size (RFC 9112 §7.1).";
    public const string ChunkSizeTooLarge = "The size of a chunk is larger than 2^63 - 1.";
    public const string ServerSpeaksTls = "The server speaks TLS on this port: use https.";
    public const string ServerSpeaksHttp2 =
        "The server speaks HTTP/2 without TLS on this port: use HttpVersion.Version20 with HttpVersionPolicy.RequestVersionExact.";
    public const string ControlInChunkExtension = "A chunk extension contains a control character.";

    public static string EncodingSelectorFailed(string name, Exception e) =>
        $"PooledHttpHandler.ResponseHeaderEncodingSelector failed for the response header '{WireText.Show(name)}': "
        + $"{e.Message.TrimEnd('.')}.";

    public static string HeaderNotDecodable(Exception e) =>
        "The value of a response header cannot be read in the encoding that PooledHttpHandler.ResponseHeaderEncodingSelector chose: "
        + $"{e.Message.TrimEnd('.')}.";

    public static string NotHttp(ReadOnlySpan<byte> beginning) => beginning switch
    {
        // A record of TLS: an alert or a handshake (RFC 8446 §5.1).
        [0x15 or 0x16] or [0x15 or 0x16, 0x03, ..] => ServerSpeaksTls,

        // A short frame of HTTP/2: SETTINGS or GOAWAY (RFC 9113 §4.1).
        [0] or [0, 0] or [0, 0, _] or [0, 0, _, 0x04 or 0x07, ..] => ServerSpeaksHttp2,
        _ => $"The response does not begin with 'HTTP/1.' but with '{WireText.Show(beginning)}'.",
    };

    public static string StatusLine(ReadOnlySpan<byte> head)
    {
        int end = head.IndexOfAny((byte)'\r', (byte)'\n');
        return $"The status line '{WireText.Show(end < 0 ? head : head[..end])}' is malformed (RFC 9112 §4).";
    }

    public static string FoldedLine(ReadOnlySpan<byte> previousName) => previousName.IsEmpty
        ? "The first header line of the response begins with white space (RFC 9112 §2.2)."
        : $"Response header '{WireText.Show(previousName)}' is continued on a second line (RFC 9112 §5.2).";

    public static string EmptyHeaderName(ReadOnlySpan<byte> previousName) =>
        $"A response header has an empty name{After(previousName)}.";

    public static string SpaceBeforeColon(ReadOnlySpan<byte> name) =>
        $"There is white space between the name of response header '{WireText.Show(name)}' and its colon (RFC 9112 §5.1).";

    public static string NoColon(ReadOnlySpan<byte> line) =>
        $"The response header line '{WireText.Show(line)}' has no colon.";

    public static string IllegalHeaderName(ReadOnlySpan<byte> soFar, byte illegal) =>
        $"The name of response header '{WireText.Show(soFar)}' goes on with '{WireText.Show((char)illegal)}', which is not allowed in a "
        + "name (RFC 9110 §5.6.2).";

    public static string IllegalHeaderValue(ReadOnlySpan<byte> name, byte illegal) =>
        $"The value of response header '{WireText.Show(name)}' contains '{WireText.Show((char)illegal)}' (RFC 9110 §5.5).";

    public static string MalformedContentLength(ReadOnlySpan<byte> value) =>
        $"The Content-Length '{WireText.Show(value)}' is not a number from 0 to 2^63 - 1 (RFC 9110 §8.6).";

    public static string DifferingContentLengths(long one, long other) =>
        $"The response has two different Content-Lengths, {one} and {other} (RFC 9112 §6.3, rule 5).";

    public static string UnknownTransferEncoding(ReadOnlySpan<byte> value) =>
        $"The Transfer-Encoding '{WireText.Show(value)}' is not accepted; only 'chunked' or 'identity' is (RFC 9112 §6.1).";

    public static string JunkInChunkSize(byte junk) =>
        $"'{WireText.Show((char)junk)}' stands where the size of a chunk or the end of its line is expected (RFC 9112 §7.1).";

    public static string ChunkExtensionsTooLong(int limit) =>
        $"The chunk extensions of one response are longer than {limit} bytes together.";

    private static string After(ReadOnlySpan<byte> previousName) =>
        previousName.IsEmpty ? "" : new StringBuilder(" (after '").Append(WireText.Show(previousName)).Append("')").ToString();
}
