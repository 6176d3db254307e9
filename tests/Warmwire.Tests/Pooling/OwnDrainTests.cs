using Warmwire.Tests.Kit;
using Xunit;
using static Warmwire.Tests.Pooling.PoolRig;

namespace Warmwire.Tests.Pooling;

/// <summary>A drain keeps to what its own request has set, and the next one on the connection to the handler's again.</summary>
public sealed class OwnDrainTests
{
    [Fact]
    public async Task The_size_of_a_drain_is_that_of_its_request()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        (await AnswerAsync(rig, peer, static _ => { })).Dispose();
        await peer.SendAsync(new string('x', 20));
        await rig.Until(static snapshot => snapshot.Idle == 1);
        rig.AssertClosed();

        (await AnswerAsync(rig, peer, static request => request.Options.Set(TransportOptions.MaxResponseDrainSize, 10))).Dispose();
        await rig.Until(static snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.BodyNotDrained, 1));
    }

    [Fact]
    public async Task The_time_of_a_drain_is_that_of_its_request()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        (await AnswerAsync(rig, peer, static request => request.Options.Set(TransportOptions.ResponseDrainTimeout, Seconds(30)))).Dispose();
        rig.Time.Advance(Seconds(20));
        await peer.SendAsync(new string('x', 20));
        await rig.Until(static snapshot => snapshot.Idle == 1);

        (await AnswerAsync(rig, peer, static _ => { })).Dispose();
        rig.Time.Advance(Seconds(3));
        await rig.Until(static snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.DrainLimit, 1));
    }

    [Fact]
    public async Task A_request_may_do_without_the_drain_of_a_cancellation()
    {
        using var rig = new PoolRig();
        ScriptedPeer peer = (await rig.OpenIdle())[0];
        using (var source = new CancellationTokenSource())
        {
            Task<HttpResponseMessage> cancelled = rig.Get(cancellationToken: source.Token);
            await peer.ReadRequestAsync();
            await source.CancelAsync();
            await rig.IsCancelled(cancelled);
            await peer.SendResponseAsync(200, "late");
            await rig.Until(static snapshot => snapshot.Idle == 1);
        }

        using var own = new CancellationTokenSource();
        using HttpRequestMessage request = Request(HttpMethod.Get);
        request.Options.Set(TransportOptions.CancellationDrainTimeout, TimeSpan.Zero);
        Task<HttpResponseMessage> response = rig.Send(request, own.Token);
        await peer.ReadRequestAsync();
        await own.CancelAsync();
        await rig.IsCancelled(response);
        await rig.Until(static snapshot => snapshot.Open == 0);
        rig.AssertClosed((CloseReason.Cancelled, 1));
    }

    /// <summary>A response of 20 bytes, none of which has come.</summary>
    private static async Task<HttpResponseMessage> AnswerAsync(PoolRig rig, ScriptedPeer peer, Action<HttpRequestMessage> configure)
    {
        HttpRequestMessage request = Request(HttpMethod.Get);
        configure(request);
        Task<HttpResponseMessage> response = rig.Send(request);
        await peer.ReadRequestAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
        return await rig.Done(response);
    }
}
