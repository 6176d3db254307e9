namespace Warmwire.Cli.Serving;

/// <summary>The first message to the relay: where it leads, and the round trip it charges.</summary>
internal sealed record RelayOrder(string Host, int Port, double RoundTripMs);

/// <summary>The answer: the child listens on 127.0.0.1.</summary>
internal sealed record RelayReady(int Port);
