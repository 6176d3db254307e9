using System.Buffers.Binary;

namespace Warmwire.Http2.Wire;

/// <summary>The nine bytes before every frame's payload (RFC 9113 §4.1).</summary>
internal readonly struct FrameHeader
{
    public const int Size = 9;

    public FrameHeader(ReadOnlySpan<byte> bytes)
    {
        Length = (bytes[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]);
        Type = (FrameType)bytes[3];
        Flags = (FrameFlags)bytes[4];

        // The first bit is reserved and must be ignored.
        StreamId = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[5..]) & int.MaxValue);
    }

    public int Length { get; }

    public FrameType Type { get; }

    public FrameFlags Flags { get; }

    public int StreamId { get; }

    public bool Has(FrameFlags flag) => (Flags & flag) != FrameFlags.None;

    public static void Write(Span<byte> destination, int length, FrameType type, FrameFlags flags, int streamId)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)length << 8) | (byte)type);
        destination[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(destination[5..], streamId);
    }
}
