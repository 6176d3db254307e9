using System.Diagnostics;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>The flow-control windows of one connection in one direction (RFC 9113 §5.2), stream 0 standing for the connection.</summary>
internal sealed class PeerWindows
{
    public const int Default = 65535;

    private readonly Dictionary<int, long> _streams = new() { [0] = Default };

    /// <summary>The window of a stream that begins.</summary>
    public long Initial { get; private set; } = Default;

    /// <summary>What may be sent now.</summary>
    public long this[int streamId] => _streams.GetValueOrDefault(streamId, Initial);

    public void Add(int streamId, long increment) => _streams[streamId] = this[streamId] + increment;

    /// <summary>Takes a DATA frame's length from both windows.</summary>
    public void Take(int streamId, int length)
    {
        Debug.Assert(streamId != 0);
        Add(streamId, -length);
        Add(0, -length);
    }

    /// <summary>A new SETTINGS_INITIAL_WINDOW_SIZE: the windows of all streams move by the difference (§6.9.2).</summary>
    public void SetInitial(long value)
    {
        foreach (int streamId in _streams.Keys.Where(id => id != 0).ToArray())
        {
            _streams[streamId] += value - Initial;
        }

        Initial = value;
    }
}
