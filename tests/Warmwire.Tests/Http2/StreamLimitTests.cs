using System.Globalization;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §5.1.2): what does not fit goes to another connection, or waits in order.</summary>
public sealed class StreamLimitTests
{
    private static readonly (PeerSetting, uint) s_one = (PeerSetting.MaxConcurrentStreams, 1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task What_does_not_fit_opens_another_connection(int limit)
    {
        using var rig = new Http2Rig();
        (PeerSetting, uint) setting = (PeerSetting.MaxConcurrentStreams, (uint)limit);
        OpenRequest first = await rig.StartAsync(setting);
        await first.Peer.RoundTripAsync();
        List<OpenRequest> open = [first];
        for (int i = 1; i < limit; i++)
        {
            open.Add(await rig.OpenAsync(first.Peer));
        }

        Assert.Equal(1, rig.Network.DialCount);
        open.Add(await rig.StartAsync(setting));
        await first.Peer.ExpectNoRequestAsync();
        Assert.Equal(2, rig.Network.DialCount);
        foreach (OpenRequest request in open)
        {
            await request.AnswerAsync();
        }
    }

    [Fact]
    public async Task At_the_cap_of_connections_requests_queue_in_order()
    {
        using var rig = new Http2Rig(handler => handler.MaxConnectionsPerServer = 2);
        OpenRequest first = await StartLimitedAsync(rig);
        OpenRequest second = await StartLimitedAsync(rig);
        Task<HttpResponseMessage>[] queued =
            [.. Enumerable.Range(0, 3).Select(i => rig.SendAsync(Http2Rig.Get(i.ToString(CultureInfo.InvariantCulture))))];
        await Eventually.IsTrue(() => rig.Origin.Pending == 3, "three requests queue");
        await first.Peer.ExpectNoRequestAsync();
        await second.Peer.ExpectNoRequestAsync();
        await second.AnswerAsync();
        PeerRequest held = await second.Peer.ReadRequestAsync();
        Assert.Equal("/0", held.Path);
        await first.AnswerAsync();
        await NextIsAsync(first.Peer, "/1");
        await NextIsAsync(first.Peer, "/2");
        await second.Peer.AnswerAsync(held.StreamId);
        foreach (Task<HttpResponseMessage> one in queued)
        {
            (await one).Dispose();
        }

        Assert.Equal(2, rig.Network.DialCount);
    }

    [Fact]
    public async Task With_one_connection_alone_requests_queue()
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        OpenRequest first = await StartLimitedAsync(rig);
        Task<HttpResponseMessage>[] queued =
            [.. Enumerable.Range(0, 3).Select(i => rig.SendAsync(Http2Rig.Get(i.ToString(CultureInfo.InvariantCulture))))];
        await first.Peer.ExpectNoRequestAsync();
        await first.AnswerAsync();
        for (int i = 0; i < queued.Length; i++)
        {
            await NextIsAsync(first.Peer, $"/{i}");
            (await queued[i]).Dispose();
        }

        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task A_limit_that_is_raised_lets_the_waiting_go()
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        OpenRequest first = await StartLimitedAsync(rig);
        Task<HttpResponseMessage>[] queued = [.. Enumerable.Range(0, 3).Select(_ => rig.SendAsync(Http2Rig.Get()))];
        await first.Peer.ExpectNoRequestAsync();
        await first.Peer.SendSettingsAsync((PeerSetting.MaxConcurrentStreams, 3));
        PeerRequest[] two = [await first.Peer.ReadRequestAsync(), await first.Peer.ReadRequestAsync()];
        await first.Peer.ExpectNoRequestAsync();
        await first.AnswerAsync();
        PeerRequest third = await first.Peer.ReadRequestAsync();
        foreach (PeerRequest request in two.Append(third))
        {
            await first.Peer.AnswerAsync(request.StreamId);
        }

        foreach (Task<HttpResponseMessage> one in queued)
        {
            (await one).Dispose();
        }
    }

    [Fact]
    public async Task A_limit_that_is_lowered_holds_new_requests_until_enough_have_ended()
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        OpenRequest first = await rig.StartAsync((PeerSetting.MaxConcurrentStreams, 3));
        OpenRequest second = await rig.OpenAsync(first.Peer);
        await first.Peer.SendSettingsAsync(s_one);
        await first.Peer.RoundTripAsync();
        Task<HttpResponseMessage> queued = rig.SendAsync(Http2Rig.Get());
        await first.AnswerAsync();
        await first.Peer.ExpectNoRequestAsync();
        await second.AnswerAsync();
        await first.Peer.AnswerNextAsync();
        (await queued).Dispose();
    }

    [Fact]
    public async Task A_limit_of_zero_holds_the_next_request_until_it_is_raised()
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        Http2Peer peer = await rig.WarmUpAsync();
        await peer.SendSettingsAsync((PeerSetting.MaxConcurrentStreams, 0));
        await peer.RoundTripAsync();
        Task<HttpResponseMessage> queued = rig.SendAsync(Http2Rig.Get());
        await peer.ExpectNoRequestAsync();
        await peer.SendSettingsAsync((PeerSetting.MaxConcurrentStreams, 1));
        await peer.AnswerNextAsync();
        (await queued).Dispose();
    }

    [Fact]
    public async Task Many_first_requests_make_one_dial()
    {
        using var rig = new Http2Rig();
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage>[] sending = [.. Enumerable.Range(0, 20).Select(_ => rig.SendAsync(Http2Rig.Get()))];
        Dial dial = await rig.Network.NextDialAsync();
        await Eventually.IsTrue(() => rig.IsReference || rig.Origin.Pending == 20, "all wait");
        Assert.Equal(1, rig.Network.DialCount);
        var peer = new Http2Peer(dial.Accept().End);
        await peer.HandshakeAsync((PeerSetting.MaxConcurrentStreams, 100));
        for (int i = 0; i < sending.Length; i++)
        {
            await peer.AnswerNextAsync(200, "ok");
        }

        foreach (Task<HttpResponseMessage> one in sending)
        {
            Assert.Equal("ok", await (await one).ReadTextAsync());
        }

        Assert.Equal(1, rig.Network.DialCount);
    }

    [Fact]
    public async Task First_settings_that_allow_less_than_was_assumed_send_nobody_away()
    {
        using var rig = new Http2Rig(static handler =>
        {
            handler.MaxConnectionsPerServer = 1;
            handler.ReplayPolicy = ReplayPolicy.Never;
        });
        rig.Network.HoldDials = true;
        Task<HttpResponseMessage>[] sending = [.. Enumerable.Range(0, 90).Select(_ => rig.SendAsync(Http2Rig.Get()))];
        Dial dial = await rig.Network.NextDialAsync();
        await Eventually.IsTrue(() => rig.Origin.Pending == 90, "all wait");
        var peer = new Http2Peer(dial.Accept().End);
        await peer.HandshakeAsync((PeerSetting.MaxConcurrentStreams, 1));

        // Some were on their way when the settings came; none of the others fails, and none counts as sent again.
        for (int i = 0; i < sending.Length; i++)
        {
            await peer.AnswerNextAsync(200, "ok");
        }

        foreach (Task<HttpResponseMessage> one in sending)
        {
            Assert.Equal("ok", await (await one).ReadTextAsync());
        }

        Assert.Equal(0, rig.Origin.Replays);
    }

    [Fact]
    public async Task A_request_that_gives_up_its_place_in_the_queue_is_never_sent()
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        OpenRequest first = await StartLimitedAsync(rig);
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> gone = rig.SendAsync(Http2Rig.Get("gone"), cancel.Token);
        Task<HttpResponseMessage> next = rig.SendAsync(Http2Rig.Get("next"));
        await first.Peer.ExpectNoRequestAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await first.AnswerAsync();
        await NextIsAsync(first.Peer, "/next");
        (await next).Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_counts_until_both_sides_have_ended_it(bool byReset)
    {
        using var rig = new Http2Rig(handler => handler.EnableMultipleHttp2Connections = false);
        OpenRequest first = await StartLimitedAsync(rig);
        HttpResponseMessage response = await first.AnswerHeadAsync();
        Task<HttpResponseMessage> queued = rig.SendAsync(Http2Rig.Get());
        await first.Peer.ExpectNoRequestAsync();
        if (byReset)
        {
            response.Dispose();
            await first.Peer.ExpectRstAsync(first.StreamId);
        }
        else
        {
            await first.Peer.SendDataAsync(first.StreamId, "", endStream: true);
        }

        await first.Peer.AnswerNextAsync();
        (await queued).Dispose();
    }

    [Fact]
    public async Task Stream_numbers_are_odd_and_rise_by_two()
    {
        using var rig = new Http2Rig();
        OpenRequest open = await rig.StartAsync();
        for (int id = 1; id < 20; id += 2)
        {
            Assert.Equal(id, open.StreamId);
            await open.AnswerAsync();
            open = await rig.OpenAsync(open.Peer);
        }

        await open.AnswerAsync();
    }

    private static async Task<OpenRequest> StartLimitedAsync(Http2Rig rig)
    {
        OpenRequest open = await rig.StartAsync(s_one);
        await open.Peer.RoundTripAsync();
        Assert.Equal(1, open.Peer.SettingsAcknowledged);
        return open;
    }

    private static async Task NextIsAsync(Http2Peer peer, string path) => Assert.Equal(path, (await peer.AnswerNextAsync()).Path);
}
