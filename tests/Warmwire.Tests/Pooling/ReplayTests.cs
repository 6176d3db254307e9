using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>Replays as servers see them.</summary>
public class ReplayTests
{
    [Theory]
    [InlineData("GET", false, true)]
    [InlineData("PUT", false, true)]
    [InlineData("POST", false, false)]
    [InlineData("POST", true, true)]
    public async Task On_a_reused_connection_that_died_a_request_that_may_be_repeated_is(string method, bool key, bool replayed)
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        HttpRequestMessage request = Request(new HttpMethod(method), A, method == "GET" ? null : new StringContent("body"));
        if (key)
        {
            request.Headers.Add("Idempotency-Key", "\"x\"");
        }

        Task<HttpResponseMessage> response = rig.Send(request);
        await peer.ReadRequestAsync();
        peer.Close();
        if (replayed)
        {
            ReceivedRequest again = await (await rig.Network.AcceptAsync()).AnswerAsync();
            Assert.Equal(method == "GET" ? "" : "body", again.BodyText);
            using HttpResponseMessage answer = await rig.Done(response);
            Assert.Equal((1, false), (answer.GetConnectionInfo()!.Replays, answer.GetConnectionInfo()!.Reused));
        }
        else
        {
            TransportException error = await rig.Fails(response);
            Assert.Equal((RequestSent.Fully, false), (error.RequestSent, error.NotProcessed));
        }

        Assert.Equal(replayed ? 1 : 0, rig.Snapshot.Replays);
        Assert.Equal(replayed, rig.DialedBy.ContainsKey(DialReason.Replacement));
    }

    [Theory]
    [InlineData(ReplayPolicy.Safe, false)]
    [InlineData(ReplayPolicy.Never, false)]
    [InlineData(ReplayPolicy.Idempotent, true)]
    public async Task On_a_fresh_connection_only_the_bold_policy_repeats(ReplayPolicy policy, bool replayed)
    {
        using var rig = new PoolRig(handler => handler.ReplayPolicy = policy);
        (Task<HttpResponseMessage> response, ScriptedPeer peer) = await rig.Busy();
        peer.Close();
        if (replayed)
        {
            await (await rig.Network.AcceptAsync()).AnswerAsync();
            (await rig.Done(response)).Dispose();
        }
        else
        {
            await rig.Fails(response);
        }

        Assert.Equal(replayed ? 1 : 0, rig.Snapshot.Replays);
    }

    [Fact]
    public async Task One_byte_of_a_response_forbids_a_replay()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        Task<HttpResponseMessage> response = rig.Get();
        await peer.ReadRequestAsync();
        await peer.SendAsync("H");
        peer.Close();
        await rig.Fails(response);
        Assert.Equal((1, 0L), (rig.Network.DialCount, rig.Snapshot.Replays));
    }

    [Fact]
    public async Task After_three_replays_the_failure_is_the_callers()
    {
        using var rig = new PoolRig();
        ScriptedPeer[] peers = await rig.OpenIdle(5);
        Task<HttpResponseMessage> response = rig.Get();
        foreach (ScriptedPeer peer in peers.Reverse().Take(4))
        {
            await peer.ReadRequestAsync();
            peer.Close();
        }

        await rig.Fails(response);
        Assert.Equal((3L, 1), (rig.Snapshot.Replays, rig.Snapshot.Open));
        await peers[0].ExpectNoBytesAsync();
    }

    [Fact]
    public async Task A_replay_does_not_get_new_time()
    {
        using var rig = new PoolRig();
        ScriptedPeer[] peers = await rig.OpenIdle(2);
        HttpRequestMessage request = Request(HttpMethod.Get);
        request.Options.Set(TransportOptions.Timeout, Seconds(10));
        Task<HttpResponseMessage> response = rig.Send(request);
        await peers[1].ReadRequestAsync();
        rig.Time.Advance(Seconds(6));
        peers[1].Close();
        await peers[0].ReadRequestAsync();
        Assert.False(response.IsCompleted);
        rig.Time.Advance(Seconds(4));
        Assert.True((await rig.Fails(response)).IsTimeout);
        Assert.Equal(1, rig.Snapshot.Replays);
    }

    [Fact]
    public async Task A_body_that_runs_once_is_not_sent_twice()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        int written = 0;
        Task<HttpResponseMessage> response = rig.Send(Request(HttpMethod.Put, A, new ScriptedContent(async stream =>
        {
            written++;
            await stream.WriteAsync(new byte[10]);
        })));
        await peer.ReadRequestAsync();
        peer.Close();
        await rig.Fails(response);
        Assert.Equal((1, 1), (written, rig.Network.DialCount));
    }
}
