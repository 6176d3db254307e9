using System.Buffers.Binary;
using Warmwire.Buffers;

namespace Warmwire.Http2.Wire;

/// <summary>Formats the frames a client sends, except for header blocks.</summary>
internal static class FrameWriter
{
    /// <summary>What a client says first (RFC 9113 §3.4).</summary>
    public static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public static void Settings(OutputBuffer output, params ReadOnlySpan<(SettingId Id, uint Value)> settings)
    {
        Span<byte> payload = Begin(output, settings.Length * 6, FrameType.Settings, FrameFlags.None, 0);
        foreach ((SettingId id, uint value) in settings)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)id);
            BinaryPrimitives.WriteUInt32BigEndian(payload[2..], value);
            payload = payload[6..];
        }
    }

    public static void SettingsAck(OutputBuffer output) => Begin(output, 0, FrameType.Settings, FrameFlags.EndStreamOrAck, 0);

    public static void Ping(OutputBuffer output, ulong data, bool ack) =>
        BinaryPrimitives.WriteUInt64BigEndian(
            Begin(output, sizeof(ulong), FrameType.Ping, ack ? FrameFlags.EndStreamOrAck : FrameFlags.None, 0), data);

    public static void RstStream(OutputBuffer output, int streamId, Http2ErrorCode code) =>
        BinaryPrimitives.WriteUInt32BigEndian(Begin(output, sizeof(uint), FrameType.RstStream, FrameFlags.None, streamId), (uint)code);

    public static void WindowUpdate(OutputBuffer output, int streamId, int increment) =>
        BinaryPrimitives.WriteInt32BigEndian(Begin(output, sizeof(int), FrameType.WindowUpdate, FrameFlags.None, streamId), increment);

    /// <summary>A client has accepted no streams of the server, so the last one is 0.</summary>
    public static void GoAway(OutputBuffer output, Http2ErrorCode code)
    {
        Span<byte> payload = Begin(output, 8, FrameType.GoAway, FrameFlags.None, 0);
        BinaryPrimitives.WriteInt32BigEndian(payload, 0);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], (uint)code);
    }

    public static void Data(OutputBuffer output, int streamId, ReadOnlySpan<byte> data, bool endStream) =>
        data.CopyTo(Begin(output, data.Length, FrameType.Data, endStream ? FrameFlags.EndStreamOrAck : FrameFlags.None, streamId));

    private static Span<byte> Begin(OutputBuffer output, int length, FrameType type, FrameFlags flags, int streamId)
    {
        Span<byte> frame = output.GetSpan(FrameHeader.Size + length)[..(FrameHeader.Size + length)];
        FrameHeader.Write(frame, length, type, flags, streamId);
        output.Advance(frame.Length);
        return frame[FrameHeader.Size..];
    }
}
