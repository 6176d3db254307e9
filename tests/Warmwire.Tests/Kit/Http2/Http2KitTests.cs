using System.Net;
using System.Text;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Http2;
using Xunit;

namespace Warmwire.Tests.Kit.Http2;

/// <summary>The peer, held against a client that is known to be right: the handler of .NET.</summary>
public sealed class Http2KitTests
{
    [Fact]
    public async Task A_get_and_its_answer()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        HttpRequestMessage message = Http2Rig.Get("path?query");
        message.Headers.Add("x-one", "1");
        OpenRequest open = await rig.StartAsync(message, (PeerSetting.MaxConcurrentStreams, 10));
        Assert.Equal(
            ("GET", "http", "server.test", "/path?query"),
            (open.Request.Method, open.Request.Scheme, open.Request.Authority, open.Request.Path));
        Assert.Equal(("1", null), (open.Request["x-one"], open.Request["x-two"]));
        Assert.True(open.Request.EndStream);
        await open.Peer.AnswerAsync(open.StreamId, 404, "nothing here", ("x-answer", "yes"));
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal((HttpStatusCode.NotFound, HttpVersion.Version20), (response.StatusCode, response.Version));
        Assert.Equal("yes", Assert.Single(response.Headers.GetValues("x-answer")));
        Assert.Equal("nothing here", await response.ReadTextAsync());
        Assert.Equal(0u, open.Peer.ClientSettings[PeerSetting.EnablePush]);
        await rig.AssertServesAsync(open.Peer);
        Assert.Equal(1, open.Peer.SettingsAcknowledged);
        rig.AssertOneOpen();
    }

    [Fact]
    public async Task A_large_post_within_the_windows_and_a_large_answer_within_the_clients()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        byte[] body = new byte[300_000];
        Random.Shared.NextBytes(body);
        OpenRequest open = await rig.StartAsync(Http2Rig.Post(new ByteArrayContent(body)));
        Assert.Equal(("POST", "300000", false), (open.Request.Method, open.Request["content-length"], open.Request.EndStream));
        Assert.Equal(body, await open.Peer.ReadBodyAsync(open.StreamId));
        await open.Peer.SendHeadAsync(open.StreamId, 200);
        Task sending = open.Peer.SendBodyAsync(open.StreamId, body);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(body, await response.ReadBytesAsync());
        await sending;
    }

    [Fact]
    public async Task Headers_in_pieces_padded_and_with_priority()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendHeadersAsync(
            open.StreamId, [(":status", "200"), ("x-a", "1"), ("x-b", "2")],
                framing: new HeaderFraming { PiecesOf = 3, Padding = 7, Priority = true });
        await open.Peer.SendDataAsync(open.StreamId, "pad", padding: 200);
        await open.Peer.SendDataAsync(open.StreamId, "ded", padding: 0);
        await open.Peer.SendTrailersAsync(open.StreamId, ("x-sum", "6"));
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal("padded", await response.ReadTextAsync());
        Assert.Equal("2", Assert.Single(response.Headers.GetValues("x-b")));
        Assert.Equal("6", Assert.Single(response.TrailingHeaders.GetValues("x-sum")));
    }

    [Fact]
    public async Task A_block_that_uses_the_table()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        byte[] block =
            [.. HpackWriter.TableSize(200), .. HpackWriter.Indexed(8), .. HpackWriter.Indexing("x-a", "1"),
            .. HpackWriter.Indexing(54, "peer"), .. HpackWriter.Indexed(63)];
        await open.Peer.SendBlockAsync(open.StreamId, block, endStream: true);
        using HttpResponseMessage response = await open.Sending;
        Assert.Equal(["1", "1"], response.Headers.GetValues("x-a"));
        Assert.Equal("peer", response.Headers.Server.ToString());
    }

    [Fact]
    public async Task Goaway_lets_the_open_stream_finish_and_sends_the_next_elsewhere()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendGoAwayAsync(open.StreamId);
        await open.Peer.RoundTripAsync();
        await rig.AssertNextDialsAsync();
        await open.AnswerAsync();
        await open.Peer.ExpectClosedAsync();
    }

    [Fact]
    public async Task Resets_of_both_sides()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendRstAsync(open.StreamId, Http2ErrorCode.EnhanceYourCalm);
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => open.Sending);
        Assert.Equal((long)Http2ErrorCode.EnhanceYourCalm, Assert.IsType<HttpProtocolException>(error.InnerException).ErrorCode);

        using var cancel = new CancellationTokenSource();
        open = await rig.OpenAsync(open.Peer, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => open.Sending);
        Assert.Equal(Http2ErrorCode.Cancel, await open.Peer.ExpectRstAsync(open.StreamId));
        await rig.AssertServesAsync(open.Peer);
    }

    [Fact]
    public async Task A_connection_error_is_seen_with_its_code_and_the_close()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendFrameAsync(FrameType.Data, FrameFlags.None, 0, 1, 2, 3);
        await rig.ExpectConnectionErrorAsync(open, Http2ErrorCode.ProtocolError);
    }

    [Fact]
    public async Task Pings_and_silence()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartAsync();
        await open.Peer.SendPingAsync(0x0102030405060708);
        await open.Peer.RoundTripAsync();
        Assert.Contains(0x0102030405060708u, open.Peer.PingAnswers);
        await open.Peer.ExpectNoRequestAsync();
        Task<HttpResponseMessage> second = rig.SendAsync(Http2Rig.Get());
        await Eventually.IsTrue(() => open.Peer.End.UnreadFromClient > 0, "the second request is sent");
        await Assert.ThrowsAnyAsync<Exception>(open.Peer.ExpectNoRequestAsync);
        await open.AnswerAsync();
        await open.Peer.AnswerNextAsync();
        (await second).Dispose();
    }

    [Fact]
    public async Task Windows_hold_an_upload_until_they_are_opened()
    {
        using Http2Rig rig = Http2Rig.OverReference();
        OpenRequest open = await rig.StartSettledAsync(Http2Rig.Post(new string('x', 100)), (PeerSetting.InitialWindowSize, 10));
        open.Peer.GivesCredit = false;
        Assert.Equal(10, (await open.Peer.ReadDataAsync(open.StreamId)).Payload.Length);
        await open.Peer.ExpectNoneAsync(frame => frame.Type == FrameType.Data);
        await open.Peer.SendSettingsAsync((PeerSetting.InitialWindowSize, 15));
        Assert.Equal(5, (await open.Peer.ReadDataAsync(open.StreamId)).Payload.Length);
        await open.Peer.SendWindowUpdateAsync(open.StreamId, 85);
        Assert.Equal(85, (await open.Peer.ReadBodyAsync(open.StreamId)).Length);
        await open.AnswerAsync();
    }

    [Theory]
    [InlineData("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com")] // RFC 7541 §C.4 and §C.6
    [InlineData("a8eb10649cbf", "no-cache")]
    [InlineData("25a849e95bb8e8b4bf", "custom-value")]
    [InlineData("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT")]
    [InlineData("94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
        "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")]
    public void Huffman_code_is_read_as_in_the_examples_of_the_RFC(string hex, string text)
    {
        Assert.True(HuffmanText.IsComplete);
        Assert.Equal(text, HuffmanText.Decode(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Header_blocks_are_read_as_in_the_examples_of_the_RFC()
    {
        // RFC 7541 §C.6: responses with Huffman and a table of 256 bytes, which evicts.
        var reader = new HpackReader();
        reader.Read(HpackWriter.TableSize(256));
        List<(string Name, string Value)> fields = reader.Read(Convert.FromHexString(
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3"));
        Assert.Equal(
            [(":status", "302"), ("cache-control", "private"), ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com")], fields);
        fields = reader.Read(Convert.FromHexString("4883640effc1c0bf"));
        Assert.Equal(
            [(":status", "307"), ("cache-control", "private"), ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com")], fields);
        Assert.Equal(4, reader.Table.Count);
    }

    [Fact]
    public void The_writer_is_read_by_the_reader()
    {
        var reader = new HpackReader();
        string longText = new('v', 5000);
        Assert.Equal([(":status", "200"), ("x", longText)], reader.Read(HpackWriter.Block([(":status", "200"), ("x", longText)])));
        Assert.Equal([("a", "b"), ("a", "c")], reader.Read([.. HpackWriter.Indexing("a", "b"), .. HpackWriter.Indexing(62, "c")]));
        Assert.Equal([("a", "c"), ("a", "b")], reader.Read([.. HpackWriter.Indexed(62), .. HpackWriter.Indexed(63)]));
        Assert.Throws<FormatException>(() => reader.Read(HpackWriter.Indexed(64)));
        Assert.Equal("text", Encoding.Latin1.GetString(HpackWriter.Text("text")[1..]));
    }
}
