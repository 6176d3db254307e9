namespace Warmwire.Diagnostics;

/// <summary>Why a request is refused before a byte of it leaves. Values are not shown: they may be secrets.</summary>
internal static class RequestErrorTexts
{
    public const string SeveralHosts = "The request has more than one Host header. Nothing was sent.";
    public const string HostIsIllegal =
        "The request's Host contains white space, a control character or a character outside ASCII. Nothing was sent.";
    public const string ConnectNeedsHost = "A CONNECT request takes its target from the Host header, which is missing. Nothing was sent.";
    public const string ChunkedWithoutContent = "The request has a Transfer-Encoding but no content. Nothing was sent.";
    public const string ChunkedMustBeLast =
        "In the request's Transfer-Encoding, 'chunked' may stand once and only at the end (RFC 9112 §6.1). Nothing was sent.";
    public const string TransferEncodingIsIllegal =
        "The request's Transfer-Encoding contains a control character or a character outside ASCII. Nothing was sent.";
    public const string ChunkedNeedsHttp11 = "HTTP/1.0 has no chunked transfer encoding: give the content a length, or use HTTP/1.1.";

    public static string MethodIsNotToken(string method) =>
        $"The request method '{WireText.Show(method)}' contains a character that is not allowed in a method (RFC 9110 §9.1). Nothing was "
        + "sent.";

    public static string TargetHasIllegalCharacter(char illegal, int position) =>
        $"The request's path and query contain '{WireText.Show(illegal)}' at position {position}; it must be percent-encoded (RFC 9112 "
        + "§3.2). Nothing was sent.";

    public static string HeaderNameIsNotToken(string name) =>
        $"The request header name '{WireText.Show(name)}' contains a character that is not allowed in a name (RFC 9110 §5.1). Nothing "
        + "was sent.";

    public static string HeaderValueHasLineBreak(string name) =>
        $"The value of request header '{WireText.Show(name)}' contains CR, LF or NUL (RFC 9110 §5.5). Nothing was sent.";

    public static string HeaderValueIsNotAscii(string name) =>
        $"The value of request header '{WireText.Show(name)}' contains a character outside ASCII. "
        + "Encode it, or choose an encoding with PooledHttpHandler.RequestHeaderEncodingSelector. Nothing was sent.";

    public static string EncodingSelectorFailed(string name, Exception e) =>
        $"PooledHttpHandler.RequestHeaderEncodingSelector failed for the request header '{WireText.Show(name)}': "
        + $"{e.Message.TrimEnd('.')}. Nothing was sent.";

    public static string HeaderNotEncodable(string name, Exception e) =>
        $"The value of request header '{WireText.Show(name)}' cannot be written in the encoding that "
        + "PooledHttpHandler.RequestHeaderEncodingSelector chose: "
        + $"{e.Message.TrimEnd('.')}. Nothing was sent.";

    public static string NegativeContentLength(long length) =>
        $"The request's Content-Length is {length}. Nothing was sent.";
}
