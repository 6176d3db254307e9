namespace Warmwire.Dialing;

/// <summary>How far a dial is, for the text of a request that runs out of time while it waits for it.</summary>
internal sealed class DialProgress
{
    private volatile TransportPhase _phase = TransportPhase.Queue;

    /// <summary><see cref="TransportPhase.Queue"/> before the dial has begun, and behind its end.</summary>
    public TransportPhase Phase { get => _phase; set => _phase = value; }
}
