using System.Net;

namespace Warmwire.Diagnostics;

/// <summary>
/// The texts of proxies. Each names the proxy, without name and password, what it was asked for, what it said, and the setting that
/// governs.
/// </summary>
internal static class ProxyErrorTexts
{
    public const string Socks5AcceptsNoMethod =
        "it accepts neither a connection without authentication nor one with name and password (RFC 1928 §3)";

    public const string Socks5WantsCredentials =
        "it wants an authentication, and there are no credentials for it; set the Credentials of PooledHttpHandler.Proxy";

    public const string SocksCredentialsRefused = "it did not accept the name and password (RFC 1929 §2)";

    public const string ClosedInMessage = "it closed the connection in the middle of its answer";

    private const string WhereFrom =
        "See PooledHttpHandler.Proxy, or the environment's HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.";

    public static string SchemeNotSupported(Uri proxy)
    {
        string shown = proxy.IsAbsoluteUri ? $"'{WireText.Show(proxy.Scheme)}'" : "of a relative address";
        return $"The scheme {shown} is that of no proxy that is supported: use http, https, socks4, socks4a or socks5 with a host. "
            + WhereFrom;
    }

    public static string ProxyOf(string origin) => $"the proxy of {origin}";

    /// <summary>An origin and the proxy before it, as errors name them.</summary>
    public static string Through(string origin, string proxy) => $"{origin} (through the proxy {proxy})";

    /// <param name="proxy">The proxy.</param>
    /// <param name="server">Where the tunnel should lead.</param>
    /// <param name="status">The status code of the answer.</param>
    /// <param name="reason">Its reason phrase; may be empty.</param>
    /// <param name="body">What its body says; may be empty.</param>
    public static string TunnelRefused(string proxy, HostAndPort server, int status, string reason, string body)
    {
        string answer = reason.Length == 0 ? $"{status}" : $"{status} {WireText.Show(reason)}";
        string saying = body.Length == 0 ? "" : $", saying '{body}'";
        return $"The proxy {proxy} refused the tunnel to {server}: it answered {answer}{saying}. {WhereFrom}";
    }

    /// <param name="proxy">The proxy.</param>
    /// <param name="server">Where the tunnel should lead.</param>
    /// <param name="schemes">What the proxy would accept.</param>
    /// <param name="hasCredentials">Whether there are any.</param>
    public static string TunnelNeedsAuthentication(string proxy, HostAndPort server, string schemes, bool hasCredentials)
    {
        string wants = schemes.Length == 0 ? "without saying how it wants to be answered" : $"asking for {schemes}";
        return $"The proxy {proxy} refused the tunnel to {server} with 407 Proxy Authentication Required, {wants}: "
            + (hasCredentials
                ? "the credentials given for it were not accepted, or are none of these. "
                : "there are no credentials for it. ")
            + "See the Credentials of PooledHttpHandler.Proxy, and DefaultProxyCredentials.";
    }

    public static string ProxySpeaksHttp2(string proxy) =>
        $"The SslStream that PooledHttpHandler.ConnectCallback delivered to the proxy {proxy} has negotiated HTTP/2, which is not spoken "
        + "to proxies.";

    public static string TunnelTimedOut(string proxy, HostAndPort server, TimeSpan timeout) =>
        $"The proxy {proxy} did not open the tunnel to {server} within {DialErrorTexts.Duration(timeout)} of the beginning of the dial; "
        + "see PooledHttpHandler.ConnectTimeout.";

    public static string TunnelFailed(string proxy, HostAndPort server, Exception e) =>
        $"The proxy {proxy} did not open the tunnel to {server}: {DialErrorTexts.Reasons(e)}.";

    public static string TunnelAnswerInvalid(string proxy, HostAndPort server, string what, string? setting) =>
        $"The proxy {proxy} did not open the tunnel to {server}: its answer is invalid: {what.TrimEnd('.')}"
        + (setting is null ? "." : $"; see {setting}.");

    public static string AnswerTooLong(int limit) => $"its head is longer than {limit} bytes";

    public static string TooManyInterimAnswers(int limit) => $"more than {limit} interim responses (1xx)";

    public static string NotSocks(int version, byte answered) =>
        $"it does not speak SOCKS {version}: its answer begins with byte {answered}";

    public static string Socks4KnowsNoIPv6(IPAddress address) =>
        $"SOCKS 4 has no words for the address {address}; use socks5, or a server with an IPv4 address";

    public static string Socks4Refused(byte code) => code switch
    {
        91 => "it refused the connection, or could not establish it (91)",
        92 => "it refused the connection because it could not reach identd on this host (92)",
        93 => "it refused the connection because identd reports another user (93)",
        _ => $"it refused the connection with the unknown code {code}",
    };

    public static string Socks5ChoseUnasked(byte method) => $"it chose the authentication method {method}, which was not offered";

    public static string Socks5AddressUnknown(byte type) => $"its answer has an address of the unknown type {type}";

    /// <summary>RFC 1928 §6.</summary>
    public static string Socks5Refused(byte code) => code switch
    {
        1 => "a general failure (1)",
        2 => "its rules do not allow the connection (2)",
        3 => "the network cannot be reached (3)",
        4 => "the host cannot be reached (4)",
        5 => "the server refused the connection (5)",
        6 => "the time to live was over (6)",
        7 => "it does not know the command (7)",
        8 => "it does not know the type of the address (8)",
        _ => $"it refused the connection with the unknown code {code}",
    };

    public static string SocksTextTooLong(int length, int limit) =>
        $"the name of the server or of the user, or the password, has {length} bytes or a NUL; SOCKS has room for {limit}";
}
