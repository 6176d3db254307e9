namespace Warmwire.Tests.Kit;

public enum DialState
{
    Pending,
    Accepted,
    Failed,
    Cancelled,
}

/// <summary>One attempt of the client to connect.</summary>
public sealed class Dial
{
    private readonly PeerNetwork _network;
    private readonly TaskCompletionSource<Stream> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Dial(PeerNetwork network, int index, string host, int port)
    {
        _network = network;
        Index = index;
        Host = host;
        Port = port;
    }

    /// <summary>0 for the first dial of the network.</summary>
    public int Index { get; }

    public string Host { get; }

    public int Port { get; }

    public DialState State { get; internal set; }

    /// <summary>Completes when the client gives up while the dial is held.</summary>
    public Task Cancelled => _cancelled.Task;

    internal Task<Stream> Outcome => _outcome.Task;

    /// <summary>Lets a held dial succeed.</summary>
    /// <returns>Its server; <see cref="PeerNetwork.AcceptAsync"/> does not return it again.</returns>
    public ScriptedPeer Accept(MemoryTransportOptions? options = null)
    {
        (Stream client, ScriptedPeer peer) = _network.Establish(this, options);
        _outcome.SetResult(client);
        return peer;
    }

    /// <summary>Lets a held dial fail.</summary>
    public void Fail(Exception exception)
    {
        _network.Settle(this, DialState.Failed);
        _outcome.SetException(exception);
    }

    internal void Cancel(CancellationToken cancellationToken)
    {
        if (_network.TrySettle(this, DialState.Cancelled))
        {
            _outcome.TrySetCanceled(cancellationToken);
            _cancelled.TrySetResult();
        }
    }
}
