using Warmwire.Http2.Wire;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>RFC 9113 §6.5.2 and RFC 8441 §3, value by value.</summary>
public class PeerSettingsTests
{
    [Fact]
    public void Until_the_server_speaks_the_defaults_of_the_RFC_hold()
    {
        var settings = new PeerSettings();
        Assert.Equal((4096, null, 65_535, 16_384, uint.MaxValue, false), Values(settings));
    }

    [Fact]
    public void Each_value_is_taken()
    {
        PeerSettings settings = Apply(
            (PeerSetting.HeaderTableSize, 100), (PeerSetting.EnablePush, 0), (PeerSetting.MaxConcurrentStreams, 7),
            (PeerSetting.InitialWindowSize, 0),
            (PeerSetting.MaxFrameSize, 0xFF_FFFF), (PeerSetting.MaxHeaderListSize, 9), (PeerSetting.EnableConnectProtocol, 1));
        Assert.Equal((100, 7u, 0, 0xFF_FFFF, 9u, true), Values(settings));
    }

    [Fact]
    public void The_last_of_several_values_counts() =>
        Assert.Equal(
            3,
            Apply((PeerSetting.InitialWindowSize, 1), (PeerSetting.InitialWindowSize, 2), (PeerSetting.InitialWindowSize, 3))
                .InitialWindowSize);

    [Fact]
    public void What_a_later_frame_does_not_name_stays()
    {
        PeerSettings settings = Apply((PeerSetting.MaxConcurrentStreams, 7));
        settings.Apply(PeerFrame.Settings((PeerSetting.InitialWindowSize, 1)).Payload);
        Assert.Equal((7u, 1), (settings.MaxConcurrentStreams, settings.InitialWindowSize));
    }

    [Fact]
    public void A_number_beyond_what_we_count_with_is_as_good_as_the_largest() =>
        Assert.Equal(int.MaxValue, Apply((PeerSetting.HeaderTableSize, uint.MaxValue)).HeaderTableSize);

    [Fact]
    public void Unknown_settings_are_ignored() =>
        Assert.Equal(
            Values(new PeerSettings()), Values(Apply(((PeerSetting)0x7777, uint.MaxValue), ((PeerSetting)9, 1), ((PeerSetting)7, 1))));

    [Theory]
    [InlineData(0x2u, 1u, Http2ErrorCode.ProtocolError)]
    [InlineData(0x2u, 2u, Http2ErrorCode.ProtocolError)]
    [InlineData(0x4u, 0x8000_0000u, Http2ErrorCode.FlowControlError)]
    [InlineData(0x4u, uint.MaxValue, Http2ErrorCode.FlowControlError)]
    [InlineData(0x5u, 16_383u, Http2ErrorCode.ProtocolError)]
    [InlineData(0x5u, 0u, Http2ErrorCode.ProtocolError)]
    [InlineData(0x5u, 0x100_0000u, Http2ErrorCode.ProtocolError)]
    [InlineData(0x8u, 2u, Http2ErrorCode.ProtocolError)]
    public void A_value_that_is_not_allowed_is_an_error_of_the_connection(uint setting, uint value, Http2ErrorCode code) =>
        Assert.Equal(code, Assert.Throws<Http2ConnectionException>(() => Apply(((PeerSetting)setting, value))).Code);

    [Theory]
    [InlineData(0x4u, int.MaxValue)]
    [InlineData(0x5u, 16_384)]
    [InlineData(0x5u, 0xFF_FFFF)]
    public void The_bounds_themselves_are_allowed(uint setting, uint value) => Apply(((PeerSetting)setting, value));

    [Fact]
    public void Extended_connect_is_never_taken_back()
    {
        PeerSettings settings = Apply((PeerSetting.EnableConnectProtocol, 0));
        Assert.False(settings.EnableConnectProtocol);
        settings.Apply(PeerFrame.Settings((PeerSetting.EnableConnectProtocol, 1), (PeerSetting.EnableConnectProtocol, 1)).Payload);
        Assert.True(settings.EnableConnectProtocol);
        Assert.Throws<Http2ConnectionException>(() => settings.Apply(PeerFrame.Settings((PeerSetting.EnableConnectProtocol, 0)).Payload));
    }

    private static PeerSettings Apply(params (PeerSetting, uint)[] values)
    {
        var settings = new PeerSettings();
        settings.Apply(PeerFrame.Settings(values).Payload);
        return settings;
    }

    private static (int Table, uint? Streams, int Window, int Frame, uint List, bool Connect) Values(PeerSettings settings) =>
        (
            settings.HeaderTableSize,
            settings.MaxConcurrentStreams,
            settings.InitialWindowSize,
            settings.MaxFrameSize,
            settings.MaxHeaderListSize,
            settings.EnableConnectProtocol);
}
