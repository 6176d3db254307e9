namespace Warmwire.Cli.Quick.Events;

/// <summary>An event of the transport about connections to one origin: those that a load test counts.</summary>
/// <param name="Origin">Scheme, host and port, such as <c>https://example.com:443</c>.</param>
internal abstract record TransportEvent(string Origin)
{
    /// <summary>A dial was started.</summary>
    internal sealed record DialStarted(string Origin, string Reason) : TransportEvent(Origin);

    /// <summary>A dial failed.</summary>
    internal sealed record DialFailed(string Origin, string Error) : TransportEvent(Origin);

    /// <summary>A connection was opened; <paramref name="TlsMs"/> is 0 without TLS.</summary>
    internal sealed record ConnectionOpened(
        string Origin,
        long Connection,
        double DnsMs,
        double ConnectMs,
        double TlsMs) : TransportEvent(Origin);

    /// <summary>A connection was closed.</summary>
    internal sealed record ConnectionClosed(string Origin, long Connection, CloseReason Reason) : TransportEvent(Origin);
}
