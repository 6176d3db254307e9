using Warmwire.Connections;
using Warmwire.Http2.Wire;
using Warmwire.Settings;
using Warmwire.Timing;

namespace Warmwire.Http2;

/// <summary>
/// Finds out whether the peer lives (RFC 9113 §6.7): by a PING when it has been silent for <see
/// cref="PooledHttpHandler.KeepAlivePingDelay"/>, and by one behind the RST_STREAM of an exchange that was given up without a frame from
/// it. While such a one is unanswered the connection takes no new exchanges. As a deadline it is the silence.
/// </summary>
internal sealed class Http2Health : Deadline
{
    private readonly Http2Connection _connection;
    private readonly IMultiplexedConnectionOwner _owner;
    private readonly ConnectionServices _services;
    private readonly Http2Output _output;
    private readonly PingWait _wait;

    // Guarded by the connection's gate.
    private ulong _lastPing;
    private bool _pingIsOut;
    private long _pingSentAt;
    private int _settingsOut;
    private long _settingsSentAt;
    private bool _stopped;

    // Written under the gate or by the reading flow, read without.
    private volatile bool _inDoubt;
    private volatile bool _doubtIsBlocked;
    private long _heardAt;
    private long _roundTrip;

    public Http2Health(Http2Connection connection, IMultiplexedConnectionOwner owner)
    {
        _connection = connection;
        _owner = owner;
        _services = connection.Services;
        _output = connection.Output;
        _wait = new PingWait(this);
        _heardAt = connection.OpenedAt;
    }

    /// <summary>
    /// It may be dead: an exchange was given up, or input lay unread when it was leased again, and the PING since is unanswered.
    /// </summary>
    public bool IsInDoubt => _inDoubt;

    /// <summary>The shortest round trip so far in units of the clock's timestamps, 0 if none is known.</summary>
    public long RoundTripStamps => Volatile.Read(ref _roundTrip);

    public TimeSpan? RoundTrip => RoundTripStamps is > 0 and var stamps ? _services.Time.GetElapsedTime(0, stamps) : null;

    private bool IsStopped_NeedsLock => _stopped || _connection.Lifetime.IsClosed;

    private HandlerSettings Settings => _services.Settings;

    public void Start() => ListenFor(Settings.KeepAlivePingDelay);

    public void Stop()
    {
        using (_output.EnterGate())
        {
            _stopped = true;
        }

        _services.Deadlines.Cancel(this);
        _services.Deadlines.Cancel(_wait);
    }

    // ---- What the reading flow hears --------------------------------------------------------------------------------

    public void Heard() => Volatile.Write(ref _heardAt, _services.Time.GetTimestamp());

    /// <summary>
    /// A frame of an exchange: pings may be sent again without looking like a flood to servers that count those between answers.
    /// </summary>
    public void HeardOfExchange() => _doubtIsBlocked = false;

    public void SettingsSent_NeedsLock()
    {
        _settingsOut++;
        _settingsSentAt = _services.Time.GetTimestamp();
    }

    /// <exception cref="Http2ConnectionException">There was nothing to acknowledge.</exception>
    public void SettingsAcknowledged()
    {
        using (_output.EnterGate())
        {
            if (--_settingsOut < 0)
            {
                throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, "the server acknowledged SETTINGS it was not sent");
            }

            TakeRoundTrip_NeedsLock(_settingsSentAt);
        }
    }

    public void PingAnswered(ulong data)
    {
        bool doubtEnds;
        using (_output.EnterGate())
        {
            if (!_pingIsOut || data != _lastPing)
            {
                return; // of one that was given up
            }

            _pingIsOut = false;
            TakeRoundTrip_NeedsLock(_pingSentAt);
            doubtEnds = _inDoubt;
            _inDoubt = false;
        }

        _services.Deadlines.Cancel(_wait);
        ListenFor(Settings.KeepAlivePingDelay);
        if (doubtEnds)
        {
            Http2Connection.TellLater(() => _owner.Resumed(_connection));
        }
    }

    private void TakeRoundTrip_NeedsLock(long sentAt)
    {
        long elapsed = Math.Max(1, _services.Time.GetTimestamp() - sentAt);
        if (_roundTrip == 0 || elapsed < _roundTrip)
        {
            Volatile.Write(ref _roundTrip, elapsed);
        }
    }

    // ---- Doubt ------------------------------------------------------------------------------------------------------

    /// <summary>Whether it is open if the peer lives: nothing at all has come since somebody began to wait.</summary>
    public bool ShouldDoubt_NeedsLock(long waitedSince)
    {
        long heardAt = Volatile.Read(ref _heardAt);
        return !_inDoubt
            && !_doubtIsBlocked
            && heardAt <= waitedSince
            && _services.Time.GetElapsedTime(heardAt) >= Http2Limits.SilenceBeforeDoubt;
    }

    /// <summary>The PING that rides behind a RST_STREAM, in the same send. <see cref="DoubtBegan"/> follows outside the gate.</summary>
    public void PingBehind_NeedsLock(Http2Output.FrameScope frames)
    {
        _inDoubt = true;
        _doubtIsBlocked = true;
        if (!_pingIsOut)
        {
            frames.Ping(BeginPing_NeedsLock());
        }
    }

    public void DoubtBegan()
    {
        WaitForAnswer();

        // Story: the answer is here, and its end told, before the pool hears of the doubt. The pool counts both.
        _owner.Suspended(_connection);
    }

    /// <summary>Input lies unread in the socket of a connection that was idle.</summary>
    public void Doubt()
    {
        using (Http2Output.FrameScope frames = _output.Enter())
        {
            if (_inDoubt || IsStopped_NeedsLock)
            {
                return;
            }

            _inDoubt = true;
            if (!_pingIsOut)
            {
                frames.Ping(BeginPing_NeedsLock());
            }
        }

        DoubtBegan();
    }

    // ---- Pings ------------------------------------------------------------------------------------------------------

    private ulong BeginPing_NeedsLock()
    {
        _pingIsOut = true;
        _pingSentAt = _services.Time.GetTimestamp();
        return ++_lastPing;
    }

    private void WaitForAnswer()
    {
        using (_output.EnterGate())
        {
            if (!_pingIsOut || _stopped)
            {
                return;
            }
        }

        // One wait at a time: a PING that was out already has its own.
        _services.Deadlines.TrySchedule(_wait, Settings.KeepAlivePingTimeout);
    }

    private void ListenFor(TimeSpan silence) => _services.Deadlines.TrySchedule(this, silence);

    /// <summary>The connection may have been silent for too long.</summary>
    protected override void OnExpired()
    {
        TimeSpan delay = Settings.KeepAlivePingDelay;
        TimeSpan silent = _services.Time.GetElapsedTime(Volatile.Read(ref _heardAt));
        if (silent < delay)
        {
            ListenFor(delay - silent);
            return;
        }

        if (Settings.KeepAlivePingPolicy == HttpKeepAlivePingPolicy.WithActiveRequests && !_connection.Streams.HasAny)
        {
            ListenFor(delay);
            return;
        }

        using (Http2Output.FrameScope frames = _output.Enter())
        {
            if (IsStopped_NeedsLock || _pingIsOut)
            {
                return;
            }

            frames.Ping(BeginPing_NeedsLock());
        }

        WaitForAnswer();
    }

    private void WaitIsOver()
    {
        bool dead;
        bool doubtEnds;
        using (_output.EnterGate())
        {
            if (!_pingIsOut || _stopped)
            {
                return;
            }

            // Whatever came behind the PING says that the peer lives, if not the answer that was asked for.
            dead = Volatile.Read(ref _heardAt) <= _pingSentAt;
            _pingIsOut = false;
            doubtEnds = !dead && _inDoubt;
            _inDoubt &= dead;
        }

        if (dead)
        {
            _connection.Lifetime.PingUnanswered(Settings.KeepAlivePingTimeout);
            return;
        }

        ListenFor(Settings.KeepAlivePingDelay);
        if (doubtEnds)
        {
            _owner.Resumed(_connection);
        }
    }

    /// <summary>A PING is out.</summary>
    private sealed class PingWait(Http2Health health) : Deadline
    {
        protected override void OnExpired() => health.WaitIsOver();
    }
}
