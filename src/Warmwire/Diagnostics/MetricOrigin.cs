namespace Warmwire.Diagnostics;

/// <summary>Where a measurement belongs; the version is a connection's, as telemetry shows it.</summary>
internal readonly record struct MetricOrigin(string Scheme, string Host, int Port, string? PeerAddress, string? Version = null)
{
    public bool HasDefaultPort => Port == (Scheme is "https" or "wss" ? 443 : 80);
}
