using System.Text.Json.Serialization;
using Warmwire.Cli.Measuring;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Compare;

/// <summary>The result of a comparison; its JSON is part of the command's contract.</summary>
internal sealed record CompareReport(
    string Upstream,
    string Scheme,
    double RttMs,
    int Concurrency,
    int Requests,
    IReadOnlyList<RowReport> Rows)
{
    public RowReport Row(string name) => Rows.Single(row => row.Name == name);
}

/// <summary>One row of the result.</summary>
internal sealed record RowReport(
    string Name,
    int Requests,
    int Errors,
    long Connections,
    long TlsHandshakes,
    double ReusePercent,
    double RequestsPerSecond,
    double P50Ms,
    double P99Ms,
    double CpuMicrosPerRequest,
    long AllocatedBytesPerRequest,
    int TimeWaitSockets)
{
    public static RowReport From(string name, RowMeasurement measured, long connections, long tlsHandshakes) => new(
        name,
        measured.Requests,
        measured.Errors,
        connections,
        tlsHandshakes,
        Reuse(connections, measured.Requests),
        Math.Round((measured.Requests - measured.Errors) / measured.ElapsedSeconds, 1),
        Math.Round(measured.P50Ms, 3),
        Math.Round(measured.P99Ms, 3),
        Math.Round(measured.CpuMicros / measured.Requests, 2),
        measured.AllocatedBytes / measured.Requests,
        measured.TimeWaitSockets);

    /// <summary>The share of requests that did not need a connection of their own, rounded down: 100 % is never claimed.</summary>
    public static double Reuse(long connections, int requests) =>
        Math.Max(0, requests - connections) * 10_000 / requests / 100.0;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CompareReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
