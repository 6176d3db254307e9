using System.Net;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>
/// What a server may not do to the connection (RFC 9113 §5.4.1): it gets a GOAWAY with the code of the rule it broke, the connection
/// closes, and what was in flight fails with the same code.
/// </summary>
public sealed class ConnectionErrorTests
{
    private const int Idle = 101; // a stream the client has not opened

    /// <summary>What breaks a rule, by its name. The request in flight is on stream 1, and its head has not been sent.</summary>
    private static readonly Dictionary<string, (Http2ErrorCode Code, Func<OpenRequest, Task> Do)> s_scripts = new(StringComparer.Ordinal)
    {
        // SETTINGS, §6.5
        ["SETTINGS on a stream"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Settings, 0, 1)),
        ["SETTINGS of 5 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.Settings, 0, 0, 0, 3, 0, 0, 0)),
        ["SETTINGS of 7 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.Settings, 0, 0, 0, 3, 0, 0, 0, 9, 0)),
        ["an acknowledgement with settings"] =
            (Http2ErrorCode.FrameSizeError, Frame(FrameType.Settings, FrameFlags.Ack, 0, 0, 3, 0, 0, 0, 9)),
        ["an acknowledgement of nothing"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Settings, FrameFlags.Ack, 0)),
        ["push enabled by the server"] = (Http2ErrorCode.ProtocolError, Settings((PeerSetting.EnablePush, 1))),
        ["push neither on nor off"] = (Http2ErrorCode.ProtocolError, Settings((PeerSetting.EnablePush, 2))),
        ["an initial window of 2^31"] = (Http2ErrorCode.FlowControlError, Settings((PeerSetting.InitialWindowSize, 1u << 31))),
        ["frames below 16,384"] = (Http2ErrorCode.ProtocolError, Settings((PeerSetting.MaxFrameSize, 16_383))),
        ["frames above 2^24-1"] = (Http2ErrorCode.ProtocolError, Settings((PeerSetting.MaxFrameSize, 1 << 24))),
        ["extended CONNECT taken back"] = (Http2ErrorCode.ProtocolError, async open =>
        {
            await open.Peer.SendSettingsAsync((PeerSetting.EnableConnectProtocol, 1));
            await open.Peer.SendSettingsAsync((PeerSetting.EnableConnectProtocol, 0));
        }),
        ["extended CONNECT neither on nor off"] = (Http2ErrorCode.ProtocolError, Settings((PeerSetting.EnableConnectProtocol, 2))),
        ["a window moved beyond 2^31-1 by SETTINGS"] = (Http2ErrorCode.FlowControlError, async open =>
        {
            await open.Peer.SendAsync(PeerFrame.WindowUpdate(1, int.MaxValue - PeerWindows.Default));
            await open.Peer.SendSettingsAsync((PeerSetting.InitialWindowSize, PeerWindows.Default + 1));
        }),

        // Frame sizes, §4.2
        ["a HEADERS frame too long"] = (Http2ErrorCode.FrameSizeError, TooLong(FrameType.Headers, 1)),
        ["a DATA frame too long"] = (Http2ErrorCode.FrameSizeError, TooLong(FrameType.Data, 1)),
        ["an unknown frame too long"] = (Http2ErrorCode.FrameSizeError, TooLong((FrameType)0xbe, 1)),
        ["a PING of 7 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.Ping, 0, 0, new byte[7])),
        ["a PING of 9 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.Ping, 0, 0, new byte[9])),
        ["an empty answer to a PING"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.Ping, FrameFlags.Ack, 0)),
        ["RST_STREAM of 3 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.RstStream, 0, 1, new byte[3])),
        ["RST_STREAM of 5 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.RstStream, 0, 1, new byte[5])),
        ["WINDOW_UPDATE of 3 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.WindowUpdate, 0, 1, 0, 0, 1)),
        ["WINDOW_UPDATE of 5 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.WindowUpdate, 0, 0, 0, 0, 0, 0, 1)),
        ["GOAWAY of 7 bytes"] = (Http2ErrorCode.FrameSizeError, Frame(FrameType.GoAway, 0, 0, new byte[7])),

        // Streams, §5.1
        ["HEADERS on stream 0"] = (Http2ErrorCode.ProtocolError, Head(0)),
        ["HEADERS on an even stream"] = (Http2ErrorCode.ProtocolError, Head(2)),
        ["HEADERS on an idle stream"] = (Http2ErrorCode.ProtocolError, Head(Idle)),
        ["DATA on stream 0"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Data, 0, 0, 1)),
        ["DATA on an even stream"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Data, 0, 2, 1)),
        ["DATA on an idle stream"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Data, 0, Idle, 1)),
        ["WINDOW_UPDATE on an idle stream"] = (Http2ErrorCode.ProtocolError, open => open.Peer.SendAsync(PeerFrame.WindowUpdate(Idle, 1))),
        ["RST_STREAM on an idle stream"] = (Http2ErrorCode.ProtocolError, open => open.Peer.SendRstAsync(Idle, Http2ErrorCode.Cancel)),
        ["RST_STREAM on stream 0"] = (Http2ErrorCode.ProtocolError, open => open.Peer.SendRstAsync(0, Http2ErrorCode.Cancel)),
        ["PING on a stream"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Ping, 0, 1, new byte[8])),
        ["GOAWAY on a stream"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.GoAway, 0, 1, new byte[8])),
        ["PRIORITY on stream 0"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Priority, 0, 0, new byte[5])),
        ["PUSH_PROMISE"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.PushPromise, FrameFlags.EndHeaders, 1, 0, 0, 0, 2, 0x82)),

        // Header blocks, §4.3 and §6.10
        ["CONTINUATION of nothing"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Continuation, FrameFlags.EndHeaders, 1, 0x88)),
        ["CONTINUATION of a block that has ended"] = (Http2ErrorCode.ProtocolError, async open =>
        {
            await open.Peer.SendHeadAsync(1, 103);
            await open.Peer.SendFrameAsync(FrameType.Continuation, FrameFlags.EndHeaders, 1, 0x88);
        }),
        ["DATA inside a header block"] = (Http2ErrorCode.ProtocolError, InsideBlock(FrameType.Data, 1, 1)),
        ["PING inside a header block"] = (Http2ErrorCode.ProtocolError, InsideBlock(FrameType.Ping, 0, new byte[8])),
        ["an unknown frame inside a header block"] = (Http2ErrorCode.ProtocolError, InsideBlock((FrameType)0xbe, 1)),
        ["HEADERS inside a header block"] = (Http2ErrorCode.ProtocolError, InsideBlock(FrameType.Headers, 1, 0x88)),
        ["CONTINUATION of another stream"] = (Http2ErrorCode.ProtocolError, InsideBlock(FrameType.Continuation, 3, 0x88)),

        // Padding, §6.1 and §6.2
        ["HEADERS with more padding than payload"] =
            (Http2ErrorCode.ProtocolError, Frame(FrameType.Headers, FrameFlags.Padded | FrameFlags.EndHeaders, 1, 2, 0x88)),
        ["DATA with more padding than payload"] = (Http2ErrorCode.ProtocolError, Frame(FrameType.Data, FrameFlags.Padded, 1, 2, 0)),

        // Windows, §6.9
        ["WINDOW_UPDATE of 0"] = (Http2ErrorCode.ProtocolError, open => open.Peer.SendAsync(PeerFrame.WindowUpdate(0, 0))),
        ["a connection window beyond 2^31-1"] =
            (Http2ErrorCode.FlowControlError, open => open.Peer.SendAsync(PeerFrame.WindowUpdate(0, int.MaxValue))),

        // HPACK, RFC 7541
        ["index 0"] = (Http2ErrorCode.CompressionError, Block(0x80)),
        ["an index beyond the table"] = (Http2ErrorCode.CompressionError, Block(HpackWriter.Indexed(62))),
        ["a name beyond the table"] = (Http2ErrorCode.CompressionError, Block(HpackWriter.Indexing(70, "x"))),
        ["an index that overflows"] = (Http2ErrorCode.CompressionError, Block(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
        ["a string cut short"] = (Http2ErrorCode.CompressionError, Block(0x88, 0x00, 0x05, (byte)'x')),
        ["a number cut short"] = (Http2ErrorCode.CompressionError, Block(0x88, 0xff)),
        ["a field without a value"] = (Http2ErrorCode.CompressionError, Block(0x88, 0x00, 0x01, (byte)'x')),
        ["Huffman padding of zeros"] = (Http2ErrorCode.CompressionError, Block(0x88, 0x00, 0x01, (byte)'x', 0x81, 0x00)),
        ["Huffman padding of a byte"] = (Http2ErrorCode.CompressionError, Block(0x88, 0x00, 0x01, (byte)'x', 0x82, 0x1f, 0xff)),
        ["Huffman with the end in it"] =
            (Http2ErrorCode.CompressionError, Block(0x88, 0x00, 0x01, (byte)'x', 0x84, 0xff, 0xff, 0xff, 0xff)),
        ["a table larger than allowed"] = (Http2ErrorCode.CompressionError, Block([.. HpackWriter.TableSize(1 << 24), 0x88])),
        ["a new table size behind a field"] = (Http2ErrorCode.CompressionError, Block([0x88, .. HpackWriter.TableSize(0)])),
    };

    public static TheoryData<string> Scripts => [.. s_scripts.Keys];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task The_peer_is_told_and_left_and_the_request_fails_with_the_code(string what)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.RoundTripAsync(); // our SETTINGS are acknowledged and theirs are
        (Http2ErrorCode code, Func<OpenRequest, Task> act) = s_scripts[what];
        await act(open);
        await rig.ExpectConnectionErrorAsync(open, code);
    }

    [Fact]
    public async Task All_requests_of_the_connection_fail_also_in_the_body()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest waiting = await rig.StartAsync();
        OpenRequest reading = await rig.OpenAsync(waiting.Peer);
        HttpResponseMessage response = await reading.AnswerHeadAsync();
        Task<string> body = response.ReadTextAsync();
        await waiting.Peer.SendFrameAsync(FrameType.Data, 0, 0, 1);
        await rig.FailsAsync(body, HttpRequestError.HttpProtocolError, Http2ErrorCode.ProtocolError);
        await rig.ExpectConnectionErrorAsync(waiting, Http2ErrorCode.ProtocolError);
        await rig.AssertNextDialsAsync();
    }

    [Fact]
    public async Task A_broken_header_block_counts_also_where_nobody_wants_the_response()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        using var cancel = new CancellationTokenSource();
        OpenRequest gone = await rig.OpenAsync(open.Peer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await open.Peer.ExpectRstAsync(gone.StreamId);
        await open.Peer.SendBlockAsync(gone.StreamId, [0x80], endStream: true);
        await rig.ExpectConnectionErrorAsync(open, Http2ErrorCode.CompressionError);
    }

    [Theory]
    [InlineData(FrameType.Ping)]
    [InlineData(FrameType.WindowUpdate)]
    [InlineData(FrameType.GoAway)]
    [InlineData((FrameType)0xbe)]
    public async Task The_first_frame_has_to_be_settings(FrameType first)
    {
        using Http2Rig rig = CreateRig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        await peer.ReadPrefaceAsync();
        while ((await peer.ReadFrameAsync()).Type != FrameType.Headers)
        {
            // The request is with the peer before the connection ends, or it would fail for a connection that is gone.
        }

        await peer.SendFrameAsync(first, 0, 0, first == FrameType.WindowUpdate ? [0, 0, 0, 1] : new byte[8]);
        Assert.Equal(Http2ErrorCode.ProtocolError, (await peer.ExpectGoAwayAsync()).Code);
        await peer.ExpectClosedAsync();
        await rig.FailsAsync(sending, HttpRequestError.HttpProtocolError);
    }

    [Fact]
    public async Task The_first_settings_are_no_acknowledgement()
    {
        using Http2Rig rig = CreateRig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        await peer.ReadPrefaceAsync();
        await peer.ReadRequestAsync();
        await peer.AcknowledgeSettingsAsync();
        Assert.Equal(Http2ErrorCode.ProtocolError, (await peer.ExpectGoAwayAsync()).Code);
        await rig.FailsAsync(sending, HttpRequestError.HttpProtocolError);
    }

    [Fact]
    public async Task A_server_that_answers_in_the_old_way_is_left()
    {
        using Http2Rig rig = CreateRig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        await peer.ReadPrefaceAsync();
        await peer.ReadRequestAsync();
        await peer.SendRawAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        await peer.ExpectClosedAsync();
        await rig.FailsAsync(sending, HttpRequestError.HttpProtocolError);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_closes_without_a_word_fails_the_request(bool reset)
    {
        using Http2Rig rig = CreateRig();
        Task<HttpResponseMessage> sending = rig.SendAsync(Http2Rig.Get());
        Http2Peer peer = await rig.AcceptSilentAsync();
        await peer.ReadPrefaceAsync();

        // It is on the connection: a request that waits for its turn goes to the next one.
        await peer.ReadRequestAsync();
        if (reset)
        {
            peer.Reset();
        }
        else
        {
            peer.Close();
        }

        await rig.FailsAsync(sending);
    }

    [Fact]
    public async Task A_connection_that_ends_inside_a_frame_fails_its_requests()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendRawAsync(PeerFrame.Settings((PeerSetting.MaxConcurrentStreams, 1)).ToBytes().AsMemory(0, 12));
        open.Peer.CloseWriting();
        await rig.FailsAsync(open.Sending);
        await rig.ExpectClosedForAsync(CloseReason.ServerClosed);
    }

    [Theory]
    [InlineData(0u, Http2ErrorCode.ProtocolError)]
    [InlineData((uint)int.MaxValue, Http2ErrorCode.FlowControlError)]
    public async Task A_wrong_window_update_for_a_stream_ends_that_stream_alone(uint increment, Http2ErrorCode code)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest other = await rig.StartAsync();
        OpenRequest open = await rig.OpenAsync(other.Peer);
        await open.Peer.SendAsync(PeerFrame.WindowUpdate(open.StreamId, increment));
        Assert.Equal(code, await open.Peer.ExpectRstAsync(open.StreamId));
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, code);
        await other.AnswerAsync();
        rig.AssertOneOpen();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_priority_frame_of_a_wrong_size_ends_its_stream_at_least(int length)
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendFrameAsync(FrameType.Priority, 0, open.StreamId, new byte[length]);
        PeerFrame end = await open.Peer.NextAsync(frame => frame.Type is FrameType.RstStream or FrameType.GoAway, "an error");
        Assert.Equal(Http2ErrorCode.FrameSizeError, end.ErrorCode);
        await rig.FailsAsync(open.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.FrameSizeError);
    }

    [Fact]
    public async Task Unknown_frames_settings_flags_and_priorities_are_ignored()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync(((PeerSetting)0xbeef, 7), (PeerSetting.EnablePush, 0), ((PeerSetting)9, 1));
        await open.Peer.SendFrameAsync((FrameType)0xbe, 0xff, 0, 1, 2, 3);
        await open.Peer.SendFrameAsync((FrameType)0xbe, 0xff, open.StreamId, 1, 2, 3);
        await open.Peer.SendFrameAsync((FrameType)0x0a, 0, Idle);
        await open.Peer.SendFrameAsync(FrameType.Priority, 0xff, open.StreamId, 0, 0, 0, 0, 15);
        await open.Peer.SendFrameAsync(FrameType.Priority, 0, Idle, 0, 0, 0, 0, 15);
        await open.Peer.SendFrameAsync(FrameType.Ping, 0xfe, 0, new byte[8]);
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        await open.Peer.SendFrameAsync(FrameType.Data, 0xf6, open.StreamId, (byte)'a');
        await open.Peer.SendFrameAsync(FrameType.Data, FrameFlags.EndStream, open.StreamId | int.MinValue, (byte)'b'); // the reserved bit
        Assert.Equal("ab", await open.ReadResponseAsync());
        await rig.AssertServesAsync(open.Peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task Late_frames_for_a_stream_that_is_over_are_ignored()
    {
        using Http2Rig rig = CreateRig();
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.SendAsync(
            PeerFrame.WindowUpdate(1, 100), PeerFrame.Rst(1, Http2ErrorCode.NoError), PeerFrame.Rst(1, Http2ErrorCode.Cancel));
        await peer.SendFrameAsync(FrameType.Priority, 0, 1, 0, 0, 0, 0, 15);
        await rig.AssertServesAsync(peer);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_stream_window_that_is_exceeded_is_a_flow_control_error()
    {
        using Http2Rig rig = CreateRig();
        OpenRequest open = await rig.StartAsync();
        using HttpResponseMessage response = await open.AnswerHeadAsync();
        await open.Peer.RoundTripAsync();
        await FillAsync(open, past: 1);
        PeerFrame end = await open.Peer.NextAsync(frame => frame.Type is FrameType.RstStream or FrameType.GoAway, "an error");
        Assert.Equal(Http2ErrorCode.FlowControlError, end.ErrorCode);
        await rig.FailsAsync(response.ReadTextAsync(), HttpRequestError.HttpProtocolError, Http2ErrorCode.FlowControlError);
    }

    /// <summary>Whether a request may be sent again is another matter.</summary>
    private static Http2Rig CreateRig() => new(handler => handler.ReplayPolicy = ReplayPolicy.Never);

    /// <summary>Sends until the stream's window is used up, or the connection's, and a bit further.</summary>
    private static async Task FillAsync(OpenRequest open, int past)
    {
        PeerWindows windows = open.Peer.SendWindows;
        for (long room = Math.Min(windows[0], windows[open.StreamId]) + past; room > 0; room -= 16_384)
        {
            await open.Peer.SendDataAsync(open.StreamId, new byte[Math.Min(room, 16_384)]);
        }
    }

    private static Func<OpenRequest, Task> Frame(FrameType type, byte flags, int streamId, params byte[] payload) =>
        open => open.Peer.SendFrameAsync(type, flags, streamId, payload);

    private static Func<OpenRequest, Task> Settings(params (PeerSetting Setting, uint Value)[] settings) =>
        open => open.Peer.SendAsync(PeerFrame.Settings(settings));

    private static Func<OpenRequest, Task> TooLong(FrameType type, int streamId) => open =>
        open.Peer.SendFrameAsync(
            type,
            FrameFlags.EndHeaders,
            streamId,
            new byte[open.Peer.ClientSettings.GetValueOrDefault(PeerSetting.MaxFrameSize, 16_384u) + 1]);

    private static Func<OpenRequest, Task> Head(int streamId) => open => open.Peer.SendHeadAsync(streamId, (int)HttpStatusCode.OK);

    private static Func<OpenRequest, Task> Block(params byte[] block) =>
        open => open.Peer.SendBlockAsync(open.StreamId, block, endStream: true);

    private static Func<OpenRequest, Task> InsideBlock(FrameType type, int streamId, params byte[] payload) => async open =>
    {
        await open.Peer.SendFrameAsync(FrameType.Headers, FrameFlags.None, 1, 0x88);
        await open.Peer.SendFrameAsync(type, FrameFlags.EndHeaders, streamId, payload);
    };
}
