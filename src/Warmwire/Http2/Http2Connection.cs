using Warmwire.Connections;
using Warmwire.Http2.Hpack;
using Warmwire.Http2.Wire;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// One HTTP/2 connection: many exchanges at a time (RFC 9113). It is composed of parts, each of which has one file and owns its fields:
/// <see cref="Http2Lifetime"/> the state and the end, <see cref="Http2Opening"/> the beginning of requests, <see cref="Http2Streams"/> the
/// table of streams, <see cref="Http2Data"/> the windows, <see cref="Http2Control"/> the frames that concern the connection, <see
/// cref="Http2Health"/> whether the peer lives. <see cref="Http2Reader"/> is the flow that reads, <see cref="Http2Output"/> the one that
/// sends.
/// </summary>
/// <remarks>
/// One gate, the output's, guards all that streams share. Nothing of the user's or of the pool's runs under it; what a step has decided is
/// done after leaving it.
/// </remarks>
internal sealed class Http2Connection : HttpConnection
{
    private readonly Http2Reader _reader;
    private readonly Http2Opening _opening;

    public Http2Connection(Route route, DialedStream dialed, IMultiplexedConnectionOwner owner, ConnectionServices services)
        : base(route, dialed, owner, services)
    {
        Output = new Http2Output(this, dialed);
        Lifetime = new Http2Lifetime(this, owner);
        Streams = new Http2Streams(this, owner);
        Data = new Http2Data(this);
        Control = new Http2Control(this, owner);
        Health = new Http2Health(this, owner);
        Floods = new FloodGuard(services.Time);
        _opening = new Http2Opening(this, owner);
        _reader = new Http2Reader(this, dialed);
    }

    public override bool IsMultiplexed => true;

    public override Version HttpVersion => System.Net.HttpVersion.Version20;

    /// <summary>A server that does not read takes no stream for now, on no connection.</summary>
    public override int? StreamLimit => Output.IsCongested ? 0 : Control.StreamLimit is >= 0 and var limit ? limit : null;

    public override TimeSpan? KeepAliveHint => null;

    public override string StateName => Lifetime.State switch
    {
        Http2State.Open => "Streams",
        Http2State.Draining => "Draining",
        _ => "Closed",
    };

    public override ConnectionVitals Vitals => new(Data.WindowStalls, Health.RoundTrip, Floods.GetMostUsed());

    // The parts.

    public Http2Output Output { get; }

    public Http2Lifetime Lifetime { get; }

    public Http2Streams Streams { get; }

    public Http2Data Data { get; }

    public Http2Control Control { get; }

    public Http2Health Health { get; }

    public FloodGuard Floods { get; }

    /// <summary>
    /// The compression of what is sent. Guarded by the gate: its table goes on from one header block to the next in the order they are
    /// sent.
    /// </summary>
    public HpackEncoder Encoder_NeedsLock { get; } = new(Http2Limits.HeaderTableBytes);

    public override void Start()
    {
        _opening.SendPreface();
        _reader.Start();
        Health.Start();
    }

    public override bool TryLease(TimeSpan idleTime)
    {
        if (Lifetime.State != Http2State.Open || Health.IsInDoubt || Output.IsCongested)
        {
            return false;
        }

        if (idleTime > Http2Limits.HeardOfJustNow && Dialed.SocketStream is { MayHaveInput: true, HasInput: true })
        {
            // Story: the machine was frozen, and the server's GOAWAY or a reset lies unread in the socket. Or only a PING. The reading
            // flow is about to find out; until then nothing is sent here that could be lost.
            Health.Doubt();
            return false;
        }

        return true;
    }

    public override void Release()
    {
        var slot = StreamSlot.TakeLeased();
        Streams.EndSlot(ref slot, trace: null);
    }

    public override ValueTask<HttpResponseMessage> SendAsync(Attempt attempt)
    {
        attempt.Slot = StreamSlot.TakeLeased();
        ValueTask<HttpResponseMessage> response = attempt.Response;
        _opening.Send(attempt);
        return response;
    }

    public override void Close(CloseReason reason) => Lifetime.Close(reason);

    public override void CloseBehindBodies(CloseReason reason) => Lifetime.CloseBehindBodies(reason);

    /// <summary>Nothing is under way, and the reading flow is about to wait: what a burst needed goes.</summary>
    /// <returns>Whether that is so.</returns>
    public bool TryReleaseBuffers()
    {
        using (Output.EnterGate())
        {
            if (Streams.Count_NeedsLock > 0)
            {
                return false;
            }

            Streams.TrimSpares_NeedsLock(Http2Limits.IdleSpareStreams);
            Output.ReleaseBuffers_NeedsLock();
            return true;
        }
    }

    /// <summary>
    /// Does what tells the pool, behind what this thread is doing: the pool tells listeners, which are the user's code and may block, and
    /// the reading flow has other streams to serve.
    /// </summary>
    public static void TellLater(Action tell) => DeferredWork.Run(new Told(tell));

    private sealed class Told(Action tell) : IThreadPoolWorkItem
    {
        void IThreadPoolWorkItem.Execute() => tell();
    }
}
