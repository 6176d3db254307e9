namespace Warmwire.Diagnostics;

/// <summary>What goes wrong only with HTTP/2.</summary>
internal static class Http2ErrorTexts
{
    public const string ServerSpeaksHttp1 =
        "the server speaks HTTP/1.1 and not HTTP/2, with which the connection began: use HttpVersion.Version11 for it";

    public const string NoStatus = "the response does not begin with ':status' (RFC 9113 §8.3.2)";
    public const string SecondStatus = "the response has ':status' twice (RFC 9113 §8.3)";
    public const string SwitchingProtocols = "the response is 101 Switching Protocols, which HTTP/2 does not have (RFC 9113 §8.6)";
    public const string DataBeforeHead = "data came before the response's head (RFC 9113 §8.1)";
    public const string TrailersWithoutEnd = "a second header block does not end the stream (RFC 9113 §8.1)";
    public const string EndWithInterim = "an interim (1xx) response ends the stream (RFC 9113 §8.1)";
    public const string WindowUpdateOfZero = "WINDOW_UPDATE of 0 (RFC 9113 §6.9)";
    public const string WindowTooLarge = "the stream's window grew beyond 2^31-1 (RFC 9113 §6.9.1)";
    public const string FrameAfterEnd = "a frame comes behind the end of the response (RFC 9113 §5.1)";
    public const string StreamWindowPassed = "the server sent more on a stream than its window allows (RFC 9113 §5.2)";

    public static string PriorityOfWrongSize(int length) => $"PRIORITY of {length} bytes and not 5 (RFC 9113 §6.3)";

    public static string UnknownPseudoField(ReadOnlySpan<byte> name) =>
        $"the response has the pseudo-field '{WireText.Show(name)}' (RFC 9113 §8.3)";

    public static string PseudoFieldTooLate(ReadOnlySpan<byte> name) =>
        $"the pseudo-field '{WireText.Show(name)}' comes behind other fields (RFC 9113 §8.3)";

    public static string PseudoFieldInTrailers(ReadOnlySpan<byte> name) =>
        $"the trailers have the pseudo-field '{WireText.Show(name)}' (RFC 9113 §8.1)";

    public static string IllegalStatus(ReadOnlySpan<byte> value) =>
        $"':status' is '{WireText.Show(value)}' and not three digits (RFC 9110 §15)";

    public static string IllegalFieldName(ReadOnlySpan<byte> name) =>
        $"the field name '{WireText.Show(name)}' is not a token (RFC 9113 §8.2.1)";

    public static string UpperCaseFieldName(ReadOnlySpan<byte> name) =>
        $"the field name '{WireText.Show(name)}' has upper case (RFC 9113 §8.2.1)";

    public static string FieldOfConnection(ReadOnlySpan<byte> name) =>
        $"the field '{WireText.Show(name)}' is about the connection and is not allowed in HTTP/2 (RFC 9113 §8.2.2)";

    public static string TooManyFields(int limit) => $"more than {limit} header fields";

    public static string FieldsTooLong(int limit) =>
        $"the response's fields, with those of the 1xx responses before it, are longer than {limit} bytes";

    public static string TooManyInterim(int limit) => $"more than {limit} interim (1xx) responses";

    public static string LengthNotKept(long promised, long came) =>
        $"the body has {came} bytes{(came < promised ? "" : " or more")}, its Content-Length is {promised} (RFC 9113 §8.1.1)";

    public static string NoFreeSlot(string origin, long connection, int limit) =>
        $"{origin} takes {limit} streams on connection {connection} (SETTINGS_MAX_CONCURRENT_STREAMS), which are all in use. Nothing was "
        + "sent.";

    public static string Congested(string origin, long connection, int waiting) =>
        $"{origin} does not read what is sent to it on connection {connection}: more than {waiting} bytes wait. Nothing was sent.";

    public static string UploadStalled(string origin, long connection, TimeSpan limit) =>
        $"{origin} has answered with success, but has taken nothing more of the request's content for {limit.TotalSeconds:0} s (connection "
        + $"{connection}). It does not have the whole request.";

    public static string StreamReset(string origin, long connection, Http2ErrorCode code) =>
        $"{origin} ended the exchange with RST_STREAM {Name(code)} (connection {connection}).";

    public static string StreamRefused(string origin, long connection, Http2ErrorCode code) =>
        $"{origin} did nothing with the request: {Name(code)} (connection {connection}). It may be sent again.";

    public static string NotAcceptedBeforeGoAway(string origin, long connection, Http2ErrorCode code, string debugData) =>
        $"{origin} closes connection {connection} (GOAWAY {Name(code)}{Quoted(debugData)}) and did nothing with the request. It may be "
        + "sent again.";

    public static string ConnectionEnded(string origin, long connection, Http2ErrorCode code, string debugData) =>
        $"{origin} closed connection {connection} (GOAWAY {Name(code)}{Quoted(debugData)}) before the exchange was over.";

    public static string ConnectionBroken(string origin, long connection, Http2ErrorCode code, string what) =>
        $"{origin} broke HTTP/2: {what} (connection {connection}, closed with {Name(code)}).";

    public static string InvalidResponse(string origin, long connection, string what, string? setting) =>
        $"{origin} sent a response that {(setting is null ? "breaks HTTP/2" : "passes a limit")} (connection {connection}): "
        + $"{what}.{(setting is null ? "" : $" See {setting}.")}";

    public static string PingUnanswered(string origin, long connection, TimeSpan limit) =>
        $"Connection {connection} to {origin} is dead: nothing came for {Seconds(limit)} after an HTTP/2 PING. See "
        + "PooledHttpHandler.KeepAlivePingTimeout.";

    public static string RequestHeadersTooLong(string origin, long size, uint limit) =>
        $"The request's header fields count {size} bytes; {origin} takes {limit} (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 §6.5.2). "
        + "Nothing was sent.";

    public static string ExtendedConnectNotSupported(string origin) =>
        $"{origin} does not take extended CONNECT, which WebSockets over HTTP/2 need (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441). "
        + "Nothing was sent.";

    private static string Name(Http2ErrorCode code) => Enum.IsDefined(code) ? $"{code} (0x{(uint)code:x})" : $"0x{(uint)code:x}";

    private static string Quoted(string debugData) => debugData.Length == 0 ? "" : $": '{debugData}'";

    private static string Seconds(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan
            ? "ever"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}
