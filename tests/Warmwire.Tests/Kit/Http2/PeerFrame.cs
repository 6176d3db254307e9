using System.Buffers.Binary;
using System.Globalization;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>The frame types of RFC 9113 §6. Any other byte can be cast to it.</summary>
public enum FrameType : byte
{
    Data,
    Headers,
    Priority,
    RstStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
}

/// <summary>The settings of RFC 9113 §6.5.2 and RFC 8441.</summary>
internal enum PeerSetting : ushort
{
    HeaderTableSize = 1,
    EnablePush = 2,
    MaxConcurrentStreams = 3,
    InitialWindowSize = 4,
    MaxFrameSize = 5,
    MaxHeaderListSize = 6,
    EnableConnectProtocol = 8,
}

/// <summary>Flags of frames; a bit means something else in each type.</summary>
internal static class FrameFlags
{
    public const byte None = 0;
    public const byte EndStream = 0x1;
    public const byte Ack = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Padded = 0x8;
    public const byte Priority = 0x20;
}

/// <summary>A frame as it was on the wire.</summary>
internal sealed record PeerFrame(FrameType Type, byte Flags, int StreamId, byte[] Payload)
{
    public const int HeaderSize = 9;

    /// <summary>Of the frame that ends a header block: what the block says.</summary>
    public IReadOnlyList<(string Name, string Value)>? Fields { get; init; }

    public bool EndStream => Type is FrameType.Data or FrameType.Headers && Has(FrameFlags.EndStream);

    public bool IsAck => Type is FrameType.Settings or FrameType.Ping && Has(FrameFlags.Ack);

    /// <summary>The error code of RST_STREAM and GOAWAY.</summary>
    public Http2ErrorCode ErrorCode =>
        (Http2ErrorCode)BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(Type == FrameType.GoAway ? 4 : 0));

    /// <summary>The increment of WINDOW_UPDATE, or the last stream of GOAWAY.</summary>
    public int Number => BinaryPrimitives.ReadInt32BigEndian(Payload) & int.MaxValue;

    /// <summary>Payload without padding and priority.</summary>
    public ReadOnlySpan<byte> Content
    {
        get
        {
            ReadOnlySpan<byte> content = Payload;
            if (Type is not (FrameType.Data or FrameType.Headers))
            {
                return content;
            }

            if (Has(FrameFlags.Padded))
            {
                content = content[1..^content[0]];
            }

            return Type == FrameType.Headers && Has(FrameFlags.Priority) ? content[5..] : content;
        }
    }

    public static PeerFrame Rst(int streamId, Http2ErrorCode code) => new(FrameType.RstStream, 0, streamId, Number32((uint)code));

    public static PeerFrame WindowUpdate(int streamId, uint increment) => new(FrameType.WindowUpdate, 0, streamId, Number32(increment));

    public static PeerFrame GoAway(int lastStreamId, Http2ErrorCode code, byte[] debug) =>
        new(FrameType.GoAway, 0, 0, [.. Number32((uint)lastStreamId), .. Number32((uint)code), .. debug]);

    public static PeerFrame Ping(ulong opaque, byte flags = 0)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, opaque);
        return new PeerFrame(FrameType.Ping, flags, 0, payload);
    }

    public static PeerFrame Settings(params (PeerSetting Setting, uint Value)[] settings)
    {
        byte[] payload = new byte[settings.Length * 6];
        for (int i = 0; i < settings.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(i * 6), (ushort)settings[i].Setting);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan((i * 6) + 2), settings[i].Value);
        }

        return new PeerFrame(FrameType.Settings, 0, 0, payload);
    }

    public bool Has(byte flag) => (Flags & flag) != 0;

    /// <summary>The pairs of a SETTINGS frame.</summary>
    public IEnumerable<(PeerSetting Setting, uint Value)> ReadSettings()
    {
        for (int i = 0; i + 6 <= Payload.Length; i += 6)
        {
            yield return (
                (PeerSetting)BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(i)),
                BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(i + 2)));
        }
    }

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[HeaderSize + Payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Payload.Length << 8);
        bytes[3] = (byte)Type;
        bytes[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), StreamId);
        Payload.CopyTo(bytes, HeaderSize);
        return bytes;
    }

    public override string ToString()
    {
        string what = Type switch
        {
            FrameType.RstStream when Payload.Length >= 4 => ErrorCode.ToString(),
            FrameType.GoAway when Payload.Length >= 8 => $"last {Number} {ErrorCode}",
            FrameType.WindowUpdate when Payload.Length == 4 => Number.ToString(CultureInfo.InvariantCulture),
            FrameType.Settings => string.Join(' ', ReadSettings().Select(pair => $"{pair.Setting}={pair.Value}")),
            _ when Fields is not null => string.Join(' ', Fields.Select(field => $"{field.Name}={Visible.Text(field.Value)}")),
            _ => "",
        };
        return $"{Type}[{Payload.Length}] flags {Flags:x} stream {StreamId} {what}".TrimEnd();
    }

    private static byte[] Number32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
