using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Measuring;

/// <summary>Where requests go.</summary>
/// <param name="Uri">What is asked for.</param>
/// <param name="ConnectPort">If set, connections go to this port of 127.0.0.1 (the relay) in place of the URL's host, which keeps its name
/// in TLS and Host.</param>
internal sealed record RowTarget(Uri Uri, int? ConnectPort);

/// <summary>The first message to a row's process: everything it needs to know.</summary>
/// <param name="WarmUp">Where the requests go that compile the code, on a handler of their own.</param>
/// <param name="WarmUpRequests">At most so many of them,</param>
/// <param name="WarmUpMs">for at most so long.</param>
/// <param name="Measured">Where the measured requests go.</param>
/// <param name="Requests">How many.</param>
/// <param name="Concurrency">How many at a time.</param>
/// <param name="TimeoutMs">A request fails after it.</param>
/// <param name="RoundTripMs">What the relay charges, or zero.</param>
/// <param name="Thumbprint">SHA-256 of the only certificate to accept; null checks certificates as usual.</param>
/// <param name="CountConnections">Whether this side counts connections and handshakes, because no server of ours does.</param>
internal sealed record RowOrder(
    RowTarget WarmUp,
    int WarmUpRequests,
    int WarmUpMs,
    RowTarget Measured,
    int Requests,
    int Concurrency,
    int TimeoutMs,
    double RoundTripMs,
    string? Thumbprint,
    bool CountConnections);

/// <summary>Starts the measured requests of a row that has said it is warm.</summary>
internal sealed record RowStart;

/// <summary>What a row's process says; one of the members is set.</summary>
internal sealed record RowMessage
{
    /// <summary>The warm-up is over and its connections are closed; the row waits for <see cref="RowStart"/>.</summary>
    public bool? Warm { get; init; }

    /// <summary>So many measured requests have ended.</summary>
    public int? Done { get; init; }

    /// <summary>The row could not be measured: the reason, for the user.</summary>
    public string? Failed { get; init; }

    /// <summary>The row has been measured.</summary>
    public RowMeasurement? Result { get; init; }
}

/// <summary>What one row cost.</summary>
/// <param name="Requests">Requests made.</param>
/// <param name="Errors">Those that failed or were answered with another status than 2xx.</param>
/// <param name="Connections">Connections opened, if this side counted them.</param>
/// <param name="TlsHandshakes">Completed TLS handshakes, if this side counted them.</param>
/// <param name="ElapsedSeconds">From the first request to the last answer.</param>
/// <param name="P50Ms">Median latency of the requests that succeeded.</param>
/// <param name="P99Ms">Their 99th percentile.</param>
/// <param name="CpuMicros">Processor time of the row's process.</param>
/// <param name="AllocatedBytes">Bytes allocated by it.</param>
/// <param name="TimeWaitSockets">Sockets left in TIME_WAIT on this side.</param>
internal sealed record RowMeasurement(
    int Requests,
    int Errors,
    long? Connections,
    long? TlsHandshakes,
    double ElapsedSeconds,
    double P50Ms,
    double P99Ms,
    double CpuMicros,
    long AllocatedBytes,
    int TimeWaitSockets);
