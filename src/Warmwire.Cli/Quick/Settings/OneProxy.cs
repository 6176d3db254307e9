using System.Net;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>The proxy of <c>--proxy</c>, for every URL, also those of this machine.</summary>
internal sealed class OneProxy(Uri address) : IWebProxy
{
    public ICredentials? Credentials { get; set; } = CredentialsOf(address);

    public Uri Address { get; } = new UriBuilder(address) { UserName = "", Password = "" }.Uri;

    public Uri GetProxy(Uri destination) => Address;

    public bool IsBypassed(Uri host) => false;

    private static NetworkCredential? CredentialsOf(Uri address)
    {
        string[] parts = address.UserInfo.Split(':', 2);
        return parts[0].Length == 0
            ? null
            : new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }
}
