using System.Globalization;
using System.Net;
using System.Text;

namespace Warmwire.Diagnostics;

/// <summary>The texts of failed dials. Each names the origin, what happened at which address, and the setting that governs it.</summary>
internal static class DialErrorTexts
{
    public const string Http2WasNotAsked = "it has negotiated HTTP/2, and the request asks for HTTP/1.1";

    private const string ConnectTimeout = "see PooledHttpHandler.ConnectTimeout";

    public static string NameResolutionFailed(string host, Exception e) =>
        $"The name {host} could not be resolved: {Reasons(e)}.";

    public static string NoAddresses(string host) =>
        $"The name {host} could not be resolved: it has no IPv4 or IPv6 address.";

    public static string NameResolutionTimedOut(string host, TimeSpan timeout) =>
        $"The name {host} could not be resolved within {Duration(timeout)}; {ConnectTimeout}.";

    public static string LookUpWaitedInLine(string host, int atOnce, TimeSpan timeout) =>
        $"The name {host} could not be resolved within {Duration(timeout)}: its look-up waited for one of the {atOnce} that the process "
        + $"has under way at a time, all with other names; {ConnectTimeout}.";

    /// <param name="server">Where the dial was for.</param>
    /// <param name="tried">What happened at each address that was tried.</param>
    /// <param name="untried">How many addresses it did not come to.</param>
    /// <param name="timeout">The time that was over.</param>
    public static string ConnectTimedOut(HostAndPort server, IReadOnlyList<TriedAddress> tried, int untried, TimeSpan timeout)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Could not connect to {server} within {Duration(timeout)}");
        if (tried is not [TriedAddress only] || !IsTheHost(server, only.Address))
        {
            text.Append(": ");
            AppendTried(text, server, tried);
        }

        if (untried > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"; {untried} more not tried");
        }

        return text.Append(CultureInfo.InvariantCulture, $"; {ConnectTimeout}.").ToString();
    }

    /// <param name="server">Where the dial was for.</param>
    /// <param name="tried">What happened at each address that was tried.</param>
    /// <param name="known">How many addresses the name has; more than were tried if it has more than the race admits.</param>
    public static string ConnectFailed(HostAndPort server, IReadOnlyList<TriedAddress> tried, int known)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Could not connect to {server}");
        if (known > tried.Count)
        {
            text.Append(CultureInfo.InvariantCulture, $", trying {tried.Count} of its {known} addresses");
        }

        text.Append(": ");
        AppendTried(text, server, tried);
        return text.Append('.').ToString();
    }

    private static void AppendTried(StringBuilder text, HostAndPort server, IReadOnlyList<TriedAddress> tried)
    {
        for (int i = 0; i < tried.Count; i++)
        {
            TriedAddress one = tried[i];
            text.Append(i == 0 ? "" : "; ");
            if (!IsTheHost(server, one.Address))
            {
                text.Append(CultureInfo.InvariantCulture, $"{one.Address}: ");
            }

            text.Append(one.Error is { } error ? Reasons(error) : $"no answer in {Duration(one.Unanswered ?? TimeSpan.Zero)}");
        }
    }

    public static string ConnectCallbackTimedOut(HostAndPort server, TimeSpan timeout) =>
        $"PooledHttpHandler.ConnectCallback did not deliver a stream to {server} within {Duration(timeout)}; {ConnectTimeout}.";

    public static string ConnectCallbackFailed(HostAndPort server, Exception e) =>
        $"PooledHttpHandler.ConnectCallback failed to connect to {server}: {Reasons(e)}.";

    public static string ConnectCallbackGaveNull(HostAndPort server) =>
        $"PooledHttpHandler.ConnectCallback delivered null instead of a stream to {server}.";

    public static string FilterTimedOut(HostAndPort server, TimeSpan timeout) =>
        $"PooledHttpHandler.PlaintextStreamFilter did not deliver a stream to {server} within {Duration(timeout)}; {ConnectTimeout}.";

    public static string FilterFailed(HostAndPort server, Exception e) =>
        $"PooledHttpHandler.PlaintextStreamFilter failed for {server}: {Reasons(e)}.";

    public static string FilterGaveNull(HostAndPort server) =>
        $"PooledHttpHandler.PlaintextStreamFilter delivered null instead of a stream to {server}.";

    public static string TlsTimedOut(HostAndPort server, string targetName, TimeSpan timeout) =>
        $"The TLS handshake with {server} (target name {targetName}) did not end within {Duration(timeout)}; see "
        + "PooledHttpHandler.TlsHandshakeTimeout.";

    public static string TlsTimedOutConnecting(HostAndPort server, string targetName, TimeSpan timeout) =>
        $"The TLS handshake with {server} (target name {targetName}) did not end within {Duration(timeout)} of the beginning of the dial; "
        + "see PooledHttpHandler.ConnectTimeout, and TlsHandshakeTimeout for a time of its own.";

    public static string ServerWithoutTls(HostAndPort server) =>
        $"{server} does not speak TLS: it answered the handshake with something else; use http:// if it speaks HTTP there.";

    public static string TlsFailed(HostAndPort server, string targetName, Exception e) =>
        $"The TLS handshake with {server} (target name {targetName}) failed: {Reasons(e)}; see PooledHttpHandler.SslOptions.";

    public static string ClientCertificateWithoutKey(string subject) =>
        $"the certificate {subject} of TransportOptions.ClientCertificate has no private key";

    public static string Http2NeedsTls12(string negotiated) =>
        $"HTTP/2 needs TLS 1.2 or higher (RFC 9113 §9.2); {negotiated} was negotiated.";

    public static string CallbackTlsUnfit(HostAndPort server, Exception e) =>
        $"The SslStream that PooledHttpHandler.ConnectCallback delivered to {server} cannot be used: {Reasons(e)}.";

    public static string Unexpected(HostAndPort server, Exception e) =>
        $"Could not connect to {server}: {Reasons(e)}.";

    private static bool IsTheHost(HostAndPort server, IPAddress address) =>
        IPAddress.TryParse(server.Host, out IPAddress? host) && host.Equals(address);

    internal static string Duration(TimeSpan time) =>
        time < TimeSpan.FromSeconds(1)
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.###} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    /// <summary>The message and, because .NET likes to say "see inner exception", the innermost one.</summary>
    internal static string Reasons(Exception e)
    {
        string message = Sentence(e);
        Exception root = e.GetBaseException();
        return ReferenceEquals(root, e) ? message : $"{message} ({Sentence(root)})";
    }

    private static string Sentence(Exception e) => e.Message.TrimEnd('.', ' ');
}

/// <summary>An address that a dial has tried.</summary>
/// <param name="Address">The address.</param>
/// <param name="Error">Why it failed, if it did by itself.</param>
/// <param name="Unanswered">If not, how long it was waited for.</param>
internal readonly record struct TriedAddress(IPAddress Address, Exception? Error, TimeSpan? Unanswered);
