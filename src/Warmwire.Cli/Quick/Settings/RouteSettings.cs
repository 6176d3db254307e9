using System.Security.Cryptography.X509Certificates;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>How the load gets to its target, if not the usual way.</summary>
internal sealed record RouteSettings
{
    public static RouteSettings Direct { get; } = new();

    /// <summary>Of <c>--resolve</c>.</summary>
    public FixedAddresses? Addresses { get; init; }

    public string? UnixSocket { get; init; }

    public OneProxy? Proxy { get; init; }

    public X509Certificate2? Certificate { get; init; }
}
