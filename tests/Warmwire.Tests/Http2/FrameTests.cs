using FsCheck;
using FsCheck.Fluent;
using Warmwire.Buffers;
using Warmwire.Http2.Wire;
using Warmwire.Tests.Kit.Http2;
using Xunit;
using Flags = Warmwire.Http2.Wire.FrameFlags;
using FrameType = Warmwire.Http2.Wire.FrameType;

namespace Warmwire.Tests.Http2;

/// <summary>Frames as bytes. What the client writes is read by the kit's own reader, which shares no code with it.</summary>
public class FrameTests
{
    [Fact]
    public void A_header_reads_back_as_it_was_written()
    {
        Gen<(int Length, byte Type, byte Flags, int StreamId)> headers =
            from length in Gen.OneOf(Gen.Choose(0, 0xFF_FFFF), Gen.Elements(0, 1, 255, 256, 65_535, 65_536, 0xFF_FFFF))
            from type in Gen.Choose(0, 255)
            from flags in Gen.Choose(0, 255)
            from streamId in Gen.OneOf(Gen.Choose(0, int.MaxValue), Gen.Elements(0, 1, int.MaxValue))
            select (length, (byte)type, (byte)flags, streamId);
        Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(headers), header =>
        {
            byte[] bytes = new byte[FrameHeader.Size];
            FrameHeader.Write(bytes, header.Length, (FrameType)header.Type, (Flags)header.Flags, header.StreamId);
            var read = new FrameHeader(bytes);
            Assert.Equal(
                (header.Length, header.Type, header.Flags, header.StreamId),
                (read.Length, (byte)read.Type, (byte)read.Flags, read.StreamId));
        }));
    }

    [Fact]
    public void A_header_is_written_as_the_RFC_draws_it()
    {
        byte[] bytes = new byte[FrameHeader.Size];
        FrameHeader.Write(bytes, 0x010203, FrameType.Ping, Flags.EndStreamOrAck, 0x04050607);
        Assert.Equal([1, 2, 3, 6, 1, 4, 5, 6, 7], bytes);
    }

    [Fact]
    public void The_reserved_bit_of_a_stream_id_is_ignored() => Assert.Equal(1, new FrameHeader([0, 0, 0, 0, 0, 0x80, 0, 0, 1]).StreamId);

    [Fact]
    public void A_flag_is_seen_among_others()
    {
        var header = new FrameHeader([0, 0, 0, 1, 0x2C, 0, 0, 0, 1]);
        Assert.True(header.Has(Flags.EndHeaders) && header.Has(Flags.Padded) && header.Has(Flags.Priority));
        Assert.False(header.Has(Flags.EndStreamOrAck));
    }

    [Fact]
    public void Each_frame_of_the_writer_is_what_its_name_says()
    {
        AssertFrame(PeerFrame.Settings((PeerSetting.EnablePush, 0u), (PeerSetting.InitialWindowSize, uint.MaxValue)), output =>
            FrameWriter.Settings(output, (SettingId.EnablePush, 0u), (SettingId.InitialWindowSize, uint.MaxValue)));
        AssertFrame(PeerFrame.Settings(), output => FrameWriter.Settings(output));
        AssertFrame(new PeerFrame(Kit.Http2.FrameType.Settings, Kit.Http2.FrameFlags.Ack, 0, []), FrameWriter.SettingsAck);
        AssertFrame(PeerFrame.Ping(0x0102030405060708), output => FrameWriter.Ping(output, 0x0102030405060708, ack: false));
        AssertFrame(
            PeerFrame.Ping(ulong.MaxValue, Kit.Http2.FrameFlags.Ack), output => FrameWriter.Ping(output, ulong.MaxValue, ack: true));
        AssertFrame(
            PeerFrame.Rst(int.MaxValue, Http2ErrorCode.EnhanceYourCalm),
            output => FrameWriter.RstStream(output, int.MaxValue, Http2ErrorCode.EnhanceYourCalm));
        AssertFrame(PeerFrame.WindowUpdate(5, int.MaxValue), output => FrameWriter.WindowUpdate(output, 5, int.MaxValue));
        AssertFrame(
            PeerFrame.GoAway(0, Http2ErrorCode.CompressionError, []),
            output => FrameWriter.GoAway(output, Http2ErrorCode.CompressionError));
        AssertFrame(
            new PeerFrame(Kit.Http2.FrameType.Data, Kit.Http2.FrameFlags.EndStream, 3, [1, 2, 3]),
            output => FrameWriter.Data(output, 3, [1, 2, 3], endStream: true));
        AssertFrame(new PeerFrame(Kit.Http2.FrameType.Data, 0, 3, []), output => FrameWriter.Data(output, 3, [], endStream: false));
    }

    [Fact]
    public void Frames_follow_each_other_without_a_gap()
    {
        var output = new OutputBuffer();
        FrameWriter.Ping(output, 1, ack: false);
        FrameWriter.Data(output, 1, new byte[16_384], endStream: false);
        FrameWriter.SettingsAck(output);
        Assert.Equal(
            [
                .. PeerFrame.Ping(1).ToBytes(),
                .. new PeerFrame(Kit.Http2.FrameType.Data, 0, 1, new byte[16_384]).ToBytes(),
                0, 0, 0, 4, 1, 0, 0, 0, 0,
            ],
            output.Written.ToArray());
        output.Release();
    }

    private static void AssertFrame(PeerFrame expected, Action<OutputBuffer> write)
    {
        var output = new OutputBuffer();
        write(output);
        Assert.Equal(expected.ToBytes(), output.Written.ToArray());
        output.Release();
    }
}
