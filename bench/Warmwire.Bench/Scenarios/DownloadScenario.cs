using Warmwire.Bench.Measuring;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>A large body, read as a stream into one buffer of 64 KiB.</summary>
internal sealed class DownloadScenario(string name, string path, string title, int connections, bool http2 = false) : Scenario
{
    private const double Gigabyte = 1e9;

    public override string Name => name;

    public override string Title => title;

    public override string About =>
        "Read as a stream into a buffer of 64 KiB that is used again; an `HttpClient` is told `ResponseHeadersRead`. 1 GB is 10^9 bytes.";

    public override bool IsQuick => connections == 1 && path == "/1m";

    public override ServerNeed Server => http2 ? ServerNeed.Kestrel : ServerNeed.Cheap;

    public override string Path => path;

    public override string Shape => "download";

    public override bool HasPeers => true;

    public override int Connections => connections;

    public override int Http2Connections => http2 ? 1 : 0;

    public override double WarmUpSeconds(bool quick) => quick ? 2 : 3;

    public override IReadOnlyList<Column> Columns { get; } =
    [
        new("GB/s", static s => s["bytes"] / s["wallUs"] * 1e6 / Gigabyte, 2, "GB/s"),
        new("CPU ms/GB", static s => (s["userUs"] + s["systemUs"]) / 1000 / (s["bytes"] / Gigabyte), 0, "CPU"),
        new("B allocated/download", static s => s["allocated"] / s["requests"]),
        new("p50 µs", static s => s["p50Us"]),
        new("p99 µs", static s => s["p99Us"]),
        new("context switches/GB", static s => (s["voluntary"] + s["involuntary"]) / (s["bytes"] / Gigabyte)),
        .. http2 ? (Column[])[Measuring.Columns.Opened] : [],
    ];
}
