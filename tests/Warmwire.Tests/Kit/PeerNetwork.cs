using System.Threading.Channels;
using Warmwire.Tests.Dialing;

namespace Warmwire.Tests.Kit;

/// <summary>
/// A network of scripted peers in place of TCP. Whatever host and port the client dials is there; each dial is recorded, and accepted at
/// once unless the test holds or fails it.
/// </summary>
public sealed class PeerNetwork
{
    private readonly Lock _gate = new();
    private readonly List<Dial> _dials = [];
    private readonly Queue<Exception> _failures = new();
    private readonly Channel<Dial> _newDials = Channel.CreateUnbounded<Dial>();
    private readonly Channel<ScriptedPeer> _accepted = Channel.CreateUnbounded<ScriptedPeer>();
    private int _open;
    private int _pending;
    private int _maxOpen;
    private int _maxOpenOrDialing;

    public PeerNetwork(MemoryTransportOptions? options = null, FakeTime? time = null)
    {
        Options = options ?? new MemoryTransportOptions();
        Time = time ?? new FakeTime();
    }

    /// <summary>The clock of the handlers made here.</summary>
    public FakeTime Time { get; }

    /// <summary>How connections of coming dials behave.</summary>
    public MemoryTransportOptions Options { get; set; }

    /// <summary>Whether coming dials wait for <see cref="Dial.Accept"/> or <see cref="Dial.Fail"/>.</summary>
    public bool HoldDials { get; set; }

    /// <summary>All dials, in order.</summary>
    public IReadOnlyList<Dial> Dials => Read(() => _dials.ToArray());

    public int DialCount => Read(() => _dials.Count);

    /// <summary>Dials neither accepted, failed nor given up.</summary>
    public int PendingDials => Read(() => _pending);

    /// <summary>Connections whose client end is not disposed, whatever the server did.</summary>
    public int OpenConnections => Read(() => _open);

    public int MaxOpenConnections => Read(() => _maxOpen);

    /// <summary>The most connections and dials there were at one time: what a cap must hold down.</summary>
    public int MaxOpenOrDialing => Read(() => _maxOpenOrDialing);

    /// <summary>A handler on this network and its clock, without proxy and cookies.</summary>
    public PooledHttpHandler CreateHandler(Action<PooledHttpHandler>? configure = null)
    {
        var handler = new PooledHttpHandler
        {
            ConnectCallback = ConnectAsync,
            TimeProvider = Time,
            UseProxy = false,
            UseCookies = false,
        };
        configure?.Invoke(handler);
        return handler;
    }

    /// <summary>For <see cref="PooledHttpHandler.ConnectCallback"/>.</summary>
    public ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken);
    }

    /// <summary>Dials without a handler.</summary>
    public async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Dial dial;
        Exception? failure;
        bool hold;
        lock (_gate)
        {
            dial = new Dial(this, _dials.Count, host, port);
            _dials.Add(dial);
            _pending++;
            _maxOpenOrDialing = Math.Max(_maxOpenOrDialing, _open + _pending);
            _failures.TryDequeue(out failure);
            hold = HoldDials;
        }

        if (failure is not null)
        {
            dial.Fail(failure);
        }
        else if (!hold)
        {
            _accepted.Writer.TryWrite(dial.Accept());
        }

        _newDials.Writer.TryWrite(dial);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((Dial)state!).Cancel(token), dial);
        return await dial.Outcome.ConfigureAwait(false);
    }

    /// <summary>Lets the next dial fail; several calls line up.</summary>
    public void FailNextDial(Exception exception)
    {
        lock (_gate)
        {
            _failures.Enqueue(exception);
        }
    }

    /// <summary>The server of the next connection that was accepted without being held, in the order of the dials.</summary>
    public Task<ScriptedPeer> AcceptAsync() =>
        Guard.Within(_accepted.Reader.ReadAsync().AsTask(), () => $"Waited for a connection; {this}");

    /// <summary>The next dial, held or not, in order.</summary>
    public Task<Dial> NextDialAsync() => Guard.Within(_newDials.Reader.ReadAsync().AsTask(), () => $"Waited for a dial; {this}");

    public override string ToString() =>
        Read(() =>
        {
            IEnumerable<string> dials = _dials.Select(dial => $"{dial.Host}:{dial.Port} {dial.State}");
            return $"dials: {_dials.Count} ({string.Join(", ", dials)}), open: {_open}";
        });

    internal (Stream Client, ScriptedPeer Peer) Establish(Dial dial, MemoryTransportOptions? options)
    {
        Settle(dial, DialState.Accepted);
        (Stream client, PeerEnd end) = MemoryTransport.CreatePair(options ?? Options);
        end.OnClientClosed = CountClose;
        return (client, new ScriptedPeer(end, dial.Host, dial.Port));
    }

    internal void Settle(Dial dial, DialState state)
    {
        if (!TrySettle(dial, state))
        {
            throw new InvalidOperationException($"The dial to {dial.Host}:{dial.Port} is {dial.State} already.");
        }
    }

    internal bool TrySettle(Dial dial, DialState state)
    {
        lock (_gate)
        {
            if (dial.State != DialState.Pending)
            {
                return false;
            }

            dial.State = state;
            _pending--;
            if (state == DialState.Accepted)
            {
                _maxOpen = Math.Max(_maxOpen, ++_open);
            }

            return true;
        }
    }

    private void CountClose()
    {
        lock (_gate)
        {
            _open--;
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
