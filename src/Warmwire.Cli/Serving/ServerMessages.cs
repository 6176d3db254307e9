namespace Warmwire.Cli.Serving;

/// <summary>The first message to the embedded server.</summary>
/// <param name="Tls">Whether it speaks https.</param>
/// <param name="Emulator">Whether it is the Pub/Sub emulator and not a server that says hello.</param>
internal sealed record ServeOrder(bool Tls, bool Emulator = false);

/// <summary>The answer: the child listens on 127.0.0.1.</summary>
/// <param name="Port">The port.</param>
/// <param name="Thumbprint">SHA-256 of the only certificate to accept; null without TLS.</param>
internal sealed record ServerReady(int Port, string? Thumbprint);

/// <summary>Asks for the <see cref="ServerCounts"/>.</summary>
internal sealed record CountsQuery;

/// <summary>What the server has seen since it started.</summary>
internal sealed record ServerCounts(long Connections, long TlsHandshakes, long Requests)
{
    public static ServerCounts operator -(ServerCounts after, ServerCounts before) => new(
        after.Connections - before.Connections,
        after.TlsHandshakes - before.TlsHandshakes,
        after.Requests - before.Requests);
}
