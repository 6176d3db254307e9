using System.Text.Json.Serialization;
using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Experiment;

/// <summary>The result of an experiment; its JSON is part of the command's contract.</summary>
/// <param name="Function">Which function was called.</param>
/// <param name="Rate">Invocations a second.</param>
/// <param name="DurationSeconds">How long.</param>
/// <param name="Before">With a new client for each invocation.</param>
/// <param name="After">With one client for all.</param>
internal sealed record ExperimentReport(string Function, double Rate, double DurationSeconds, FunctionReport Before, FunctionReport After);

/// <summary>One of the two runs.</summary>
internal sealed record FunctionReport
{
    public required long Invocations { get; init; }

    /// <summary>Invocations that were not answered with 200.</summary>
    public required long Failed { get; init; }

    /// <summary>Connections that the upstream saw.</summary>
    public required long UpstreamConnections { get; init; }

    public required long UpstreamRequests { get; init; }

    public required long DnsLookups { get; init; }

    public required double CpuMicrosPerInvocation { get; init; }

    /// <summary>From when the invocation was due.</summary>
    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>
    /// Sockets between function and upstream that were in TIME_WAIT at the end and not at the start; 0 where that cannot be seen.
    /// </summary>
    public required int TimeWaitSockets { get; init; }

    public required bool GeneratorLimited { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ExperimentReport))]
internal sealed partial class ExperimentJson : JsonSerializerContext;
