using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>GET of 14 bytes, so many at a time, over HTTP/2 connections that share them equally.</summary>
internal sealed class Http2GetScenario(
    string name, int streams, int connections = 1, ServerNeed server = ServerNeed.Kestrel, bool https = false) : Scenario
{
    public override string Name => name;

    public override string Title =>
        (https ? "HTTP/2 over TLS" : "HTTP/2") + " GET, " + (connections == 1 ? "1 connection, " : $"{connections} connections, each of ")
        + (streams == 1 ? "1 stream" : $"{streams} streams") + (server == ServerNeed.Nginx ? ", nginx" : "");

    public override string? About =>
        server == ServerNeed.Nginx ? "nginx sends the answer of each stream in a packet of its own; Kestrel sends several in one."
        : connections > 1 ? "All streams of all connections are in use; `SocketsHttpHandler` has no limit for HTTP/2 connections "
            + "and may open some more."
        : null;

    public override bool IsQuick => name == "h2-64";

    public override ServerNeed Server => server;

    public override bool Https => https;

    public override int Http2Connections => connections;

    public override int ServerStreams => connections == 1 ? base.ServerStreams : streams;

    public override int Connections => connections * streams;

    public override IReadOnlyList<Column> Columns { get; } = [.. Measuring.Columns.Loop, Measuring.Columns.Opened];
}
