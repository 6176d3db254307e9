using System.Net;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;

namespace Warmwire.Connections;

/// <summary>What names a TLS channel.</summary>
internal static class TlsChannel
{
    /// <summary>
    /// The channel's binding, so that credentials can be bound to it (RFC 5929 §4); <see langword="null"/> without TLS, or where the
    /// platform has none: for a certificate with a signature of RSASSA-PSS or EdDSA, .NET knows no hash on Linux.
    /// </summary>
    public static ChannelBinding? BindingOf(TransportContext? channel)
    {
        try
        {
            return channel?.GetChannelBinding(ChannelBindingKind.Endpoint);
        }
        catch (Exception e) when (e is NotSupportedException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return null;
        }
    }
}
