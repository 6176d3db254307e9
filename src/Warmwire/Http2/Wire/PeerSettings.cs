using System.Buffers.Binary;

namespace Warmwire.Http2.Wire;

/// <summary>What the server has said of itself (RFC 9113 §6.5.2); until it has, what the RFC assumes.</summary>
internal sealed class PeerSettings
{
    private bool _connectProtocolWasOn;

    public int HeaderTableSize { get; private set; } = 4096;

    /// <summary>The smallest of the header table's sizes in the last frame, which may name several (RFC 7541 §4.2).</summary>
    public int SmallestHeaderTableSize { get; private set; } = 4096;

    /// <summary><see langword="null"/>: the server has set no limit.</summary>
    public uint? MaxConcurrentStreams { get; private set; }

    public int InitialWindowSize { get; private set; } = Http2Limits.DefaultWindow;

    public int MaxFrameSize { get; private set; } = Http2Limits.FrameBytes;

    public uint MaxHeaderListSize { get; private set; } = uint.MaxValue;

    /// <summary>Extended CONNECT may be used (RFC 8441 §3).</summary>
    public bool EnableConnectProtocol { get; private set; }

    /// <summary>Takes one SETTINGS frame, whose values apply in their order. Those that are not known are ignored.</summary>
    /// <exception cref="Http2ConnectionException">A value is not allowed.</exception>
    public void Apply(ReadOnlySpan<byte> payload)
    {
        SmallestHeaderTableSize = int.MaxValue;
        for (; payload.Length >= 6; payload = payload[6..])
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch ((SettingId)BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case SettingId.HeaderTableSize:
                    HeaderTableSize = (int)Math.Min(value, int.MaxValue);
                    SmallestHeaderTableSize = Math.Min(SmallestHeaderTableSize, HeaderTableSize);
                    break;
                case SettingId.EnablePush when value != 0:
                    throw new Http2ConnectionException(Http2ErrorCode.ProtocolError, $"the server sent SETTINGS_ENABLE_PUSH = {value}");
                case SettingId.MaxConcurrentStreams:
                    MaxConcurrentStreams = value;
                    break;
                case SettingId.InitialWindowSize:
                    InitialWindowSize = value <= int.MaxValue
                        ? (int)value
                        : throw new Http2ConnectionException(
                            Http2ErrorCode.FlowControlError, $"SETTINGS_INITIAL_WINDOW_SIZE = {value} is more than 2^31-1");
                    break;
                case SettingId.MaxFrameSize:
                    MaxFrameSize = value is >= Http2Limits.FrameBytes and <= 0xFFFFFF
                        ? (int)value
                        : throw new Http2ConnectionException(
                            Http2ErrorCode.ProtocolError, $"SETTINGS_MAX_FRAME_SIZE = {value} is outside 16384 to 16777215");
                    break;
                case SettingId.MaxHeaderListSize:
                    MaxHeaderListSize = value;
                    break;
                case SettingId.EnableConnectProtocol:
                    // RFC 8441 §3: once it was 1 it must not be 0.
                    if (value > 1 || (value == 0 && _connectProtocolWasOn))
                    {
                        throw new Http2ConnectionException(
                            Http2ErrorCode.ProtocolError,
                            $"SETTINGS_ENABLE_CONNECT_PROTOCOL = {value}{(_connectProtocolWasOn ? " after it was 1" : "")}");
                    }

                    EnableConnectProtocol = value == 1;
                    _connectProtocolWasOn |= EnableConnectProtocol;
                    break;
                default:
                    break;
            }
        }

        SmallestHeaderTableSize = Math.Min(SmallestHeaderTableSize, HeaderTableSize);
    }
}
