namespace Warmwire.Diagnostics;

/// <summary>A server as texts name it: <c>api.example.com:443</c>, <c>[::1]:80</c>.</summary>
/// <param name="Host">A name, or an address without brackets.</param>
/// <param name="Port">The port.</param>
/// <param name="Role">What it is in the exchange, where it is not the server: then texts say so too.</param>
internal readonly record struct HostAndPort(string Host, int Port, string? Role = null)
{
    /// <summary>The host, for texts about its name.</summary>
    public string Name => Role is null ? Host : $"{Host} ({Role})";

    public override string ToString()
    {
        string server = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
        return Role is null ? server : $"{server} ({Role})";
    }
}
