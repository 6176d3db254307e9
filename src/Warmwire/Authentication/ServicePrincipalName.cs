using System.Net;
using System.Net.Sockets;

namespace Warmwire.Authentication;

/// <summary>The name by which Kerberos knows a web server (RFC 4559 §4.1).</summary>
internal static class ServicePrincipalName
{
    /// <summary>The name of the target's host.</summary>
    /// <param name="target">Who asks.</param>
    /// <param name="hostHeader">A Host header of the program's, without its port; it is taken as it is.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <remarks>
    /// As in .NET an alias is resolved to the name of the host, because that is what the server is registered as in most domains. Where the
    /// look-up fails, the name stays what it is.
    /// </remarks>
    public static async ValueTask<string> OfAsync(AuthenticationTarget target, string? hostHeader, CancellationToken cancellationToken)
    {
        string host = target.IsProxy ? target.Uri.IdnHost : hostHeader ?? target.Uri.IdnHost;
        if (ReferenceEquals(host, hostHeader) || target.Uri.HostNameType != UriHostNameType.Dns)
        {
            return "HTTP/" + host;
        }

        try
        {
            Task<IPHostEntry> lookUp = Dns.GetHostEntryAsync(host, cancellationToken);
            IPHostEntry entry = await lookUp.WaitAsync(AuthenticationLimits.NameLookUp, cancellationToken).ConfigureAwait(false);
            return "HTTP/" + entry.HostName;
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return "HTTP/" + host;
        }
    }
}
