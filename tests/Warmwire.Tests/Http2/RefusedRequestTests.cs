using System.Runtime.CompilerServices;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>Requests that have a slot on a connection and are not sent on it.</summary>
public class RefusedRequestTests
{
    [Fact]
    public async Task A_request_that_was_never_sent_leaves_nothing_on_its_token()
    {
        using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.MaxHeaderListSize, 1000));
        using var program = new CancellationTokenSource();
        WeakReference refused = await RefuseAsync(rig, program.Token);

        // The token lives as long as the program; what is registered with it would as well.
        await Eventually.IsTrue(() => IsGone(refused), "the request is collected");
        await rig.AssertServesAsync(peer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> RefuseAsync(Http2Rig rig, CancellationToken token)
    {
        HttpRequestMessage request = Http2Rig.Get();
        request.Headers.Add("x-long", new string('x', 2000));
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => rig.SendAsync(request, token));
        return new WeakReference(request);
    }

    private static bool IsGone(WeakReference reference)
    {
        GC.Collect();
        return !reference.IsAlive;
    }
}
