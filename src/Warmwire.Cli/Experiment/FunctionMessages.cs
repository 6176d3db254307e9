using Warmwire.Cli.Compare;

namespace Warmwire.Cli.Experiment;

/// <summary>The first message to a function's process.</summary>
/// <param name="Function">Which function it is.</param>
/// <param name="Upstream">What it calls.</param>
/// <param name="Reuse">Whether its requests share a client; <see langword="false"/> creates one for each.</param>
internal sealed record FunctionOrder(FunctionKind Function, Uri Upstream, bool Reuse);

/// <summary>The answer: the child listens on 127.0.0.1.</summary>
internal sealed record FunctionReady(int Port);

/// <summary>Asks for the <see cref="FunctionCounts"/>.</summary>
internal sealed record FunctionQuery;

/// <summary>What the function's process has cost since it was ready.</summary>
/// <param name="CpuMicros">Its processor time.</param>
/// <param name="DnsLookups">Names it had looked up.</param>
internal sealed record FunctionCounts(double CpuMicros, long DnsLookups);
