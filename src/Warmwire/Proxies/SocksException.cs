namespace Warmwire.Proxies;

/// <summary>What a SOCKS proxy refused, or what cannot be said to it. The message is a part of a sentence.</summary>
internal sealed class SocksException(string message) : IOException(message);
