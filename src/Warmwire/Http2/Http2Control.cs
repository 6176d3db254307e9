using Warmwire.Connections;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// The frames that concern the connection as a whole: SETTINGS (RFC 9113 §6.5), PING of the server (§6.7) and WINDOW_UPDATE (§6.9).
/// </summary>
internal sealed class Http2Control
{
    // Immutable.
    private readonly Http2Connection _connection;
    private readonly IMultiplexedConnectionOwner _owner;

    // Guarded by the gate.
    private TaskCompletionSource? _settingsWait;

    // Written under the gate, read without.
    private volatile int _streamLimit = -1;

    public Http2Control(Http2Connection connection, IMultiplexedConnectionOwner owner)
    {
        _connection = connection;
        _owner = owner;
    }

    /// <summary>How many streams the server takes; negative until it has said it.</summary>
    public int StreamLimit => _streamLimit;

    /// <summary>What the server has said of itself. Guarded by the gate.</summary>
    public PeerSettings Peer_NeedsLock { get; } = new();

    /// <summary>Whether the server's first SETTINGS have come. Guarded by the gate.</summary>
    public bool SettingsCame_NeedsLock { get; private set; }

    /// <summary>Completes when the server's first SETTINGS have come or the connection is closed.</summary>
    public Task WaitForSettings_NeedsLock() =>
        SettingsCame_NeedsLock
            ? Task.CompletedTask
            : (_settingsWait ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void ConnectionClosed()
    {
        TaskCompletionSource? wait;
        using (_connection.Output.EnterGate())
        {
            wait = _settingsWait;
        }

        wait?.TrySetResult();
    }

    // ---- What the reading flow has read -----------------------------------------------------------------------------

    /// <exception cref="Http2ConnectionException">A value is not allowed, or the server does not read our acknowledgements.</exception>
    public void Settings(ReadOnlySpan<byte> payload)
    {
        bool limitChanged;
        TaskCompletionSource? wait;
        using (Http2Output.FrameScope frames = _connection.Output.Enter())
        {
            int window = Peer_NeedsLock.InitialWindowSize;
            Peer_NeedsLock.Apply(payload);
            _connection.Encoder_NeedsLock.SetMaxTableSize(Peer_NeedsLock.SmallestHeaderTableSize);
            _connection.Encoder_NeedsLock.SetMaxTableSize(Peer_NeedsLock.HeaderTableSize);
            _connection.Data.InitialWindowChanged_NeedsLock(Peer_NeedsLock.InitialWindowSize - (long)window);
            int limit = (int)Math.Min(Peer_NeedsLock.MaxConcurrentStreams ?? int.MaxValue, int.MaxValue);
            limitChanged = limit != _streamLimit;
            _streamLimit = limit;
            SettingsCame_NeedsLock = true;
            wait = _settingsWait;
            frames.SettingsAck();
        }

        wait?.TrySetResult();
        if (limitChanged)
        {
            Http2Connection.TellLater(() => _owner.StreamLimitChanged(_connection));
        }
    }

    /// <exception cref="Http2ConnectionException">The server does not read our answers.</exception>
    public void AnswerPing(ulong data)
    {
        using Http2Output.FrameScope frames = _connection.Output.Enter();
        frames.PingAck(data);
    }

    /// <returns>The stream whose window the increment makes too large, or that it does not make larger.</returns>
    /// <exception cref="Http2ConnectionException">The increment is not allowed for the connection.</exception>
    public Http2Stream? WindowUpdate(int streamId, int increment)
    {
        using (_connection.Output.EnterGate())
        {
            if (streamId == 0)
            {
                _connection.Data.GrowSendWindow_NeedsLock(increment);
                return null;
            }

            return _connection.Streams.Find_NeedsLock(streamId, FrameType.WindowUpdate) is { } stream
                && (increment == 0 || !Http2SendWindows.Grow(stream, increment))
                ? stream
                : null;
        }
    }
}
