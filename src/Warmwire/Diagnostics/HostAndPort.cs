namespace Warmwire.Diagnostics;

/// <summary>A server as texts name it: <c>api.example.com:443</c>, <c>[::1]:80</c>.</summary>
internal readonly record struct HostAndPort(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
