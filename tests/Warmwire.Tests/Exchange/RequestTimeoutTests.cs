using System.Diagnostics;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Exchange;

/// <summary>
/// The time of the whole exchange: it ends the exchange wherever that stands, says where, and names the setting that governed. Both
/// settings mean the same, and the request's wins.
/// </summary>
public sealed class RequestTimeoutTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    public enum Governs
    {
        Handler,
        RequestBelowTheHandlers,
        RequestAboveTheHandlers,
        RequestAlone,
    }

    public static TheoryData<string, TransportPhase, RequestSent> Phases => new()
    {
        { nameof(RequestTimeoutScene.InTheQueue), TransportPhase.Queue, RequestSent.No },
        { nameof(RequestTimeoutScene.InTheLookUp), TransportPhase.Dns, RequestSent.No },
        { nameof(RequestTimeoutScene.InTheConnect), TransportPhase.Connect, RequestSent.No },
        { nameof(RequestTimeoutScene.BehindTheDialOfAnother), TransportPhase.Connect, RequestSent.No },
        { nameof(RequestTimeoutScene.InTheTunnel), TransportPhase.Proxy, RequestSent.No },
        { nameof(RequestTimeoutScene.InTheHandshake), TransportPhase.Tls, RequestSent.No },
        { nameof(RequestTimeoutScene.InTheUpload), TransportPhase.WriteRequest, RequestSent.Partly },
        { nameof(RequestTimeoutScene.BeforeContinue), TransportPhase.WriteRequest, RequestSent.Partly },
        { nameof(RequestTimeoutScene.BeforeTheHead), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.BehindARedirect), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.BehindAChallenge), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.BehindARefusalOfTheProxy), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.BehindAReplay), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.InSynchronousSend), TransportPhase.ReadHeaders, RequestSent.Fully },
        { nameof(RequestTimeoutScene.InTheBody), TransportPhase.ReadBody, RequestSent.Fully },
        { nameof(RequestTimeoutScene.InTheBodyOfABufferingClient), TransportPhase.ReadBody, RequestSent.Fully },
    };

    public static TheoryData<string, TransportPhase, RequestSent, Governs> PhasesAndSettings
    {
        get
        {
            var all = new TheoryData<string, TransportPhase, RequestSent, Governs>();
            foreach (TheoryDataRow<string, TransportPhase, RequestSent> phase in Phases)
            {
                foreach (Governs governs in Enum.GetValues<Governs>())
                {
                    (string name, TransportPhase at, RequestSent sent) = phase.Data;
                    all.Add(name, at, sent, governs);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(PhasesAndSettings))]
    public async Task It_ends_the_exchange_where_it_stands_and_says_so(
        string stands, TransportPhase phase, RequestSent sent, Governs governs)
    {
        using RequestTimeoutScene scene = Scene(governs);
        Task failing = await scene.Reach(stands);
        scene.Time.Advance(s_limit - s_instant);
        Assert.False(failing.IsCompleted);
        scene.Time.Advance(s_instant);
        TransportException error = await Failure(failing);
        Assert.Equal((phase, sent, true), (error.Phase, error.RequestSent, error.IsTimeout));
        Assert.Equal(error.Message, Assert.IsType<TimeoutException>(error.InnerException).Message);
        Assert.EndsWith(
            $"was not over within 5.0 s; it stood at {phase}. See "
            + (governs == Governs.Handler ? "PooledHttpHandler.RequestTimeout." : "TransportOptions.Timeout."),
            error.Message,
            StringComparison.Ordinal);
        await Eventually.IsTrue(() => Deadlines.Waiting(scene.Handler) == 0, "nothing waits any more");
    }

    [Fact]
    public async Task A_request_lifts_it_with_an_infinite_time()
    {
        using RequestTimeoutScene scene = Scene(Governs.Handler);
        scene.Option = Timeout.InfiniteTimeSpan;
        var sending = (Task<HttpResponseMessage>)await scene.BeforeTheHead();
        scene.Time.Advance(1000 * s_limit);
        await scene.Peer.SendResponseAsync(200, "late");
        Assert.Equal("late", await (await sending).Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_that_is_read_late_fails_for_it_and_one_that_was_disposed_does_not(bool disposed)
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = s_limit);
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        if (disposed)
        {
            response.Dispose();
            Assert.Equal(1, Deadlines.Waiting(rig.Handler)); // the drain's own
            await peer.SendAsync("world");
            await rig.ExpectIdleAsync();
            rig.Time.Advance(s_limit);
            Assert.Empty(rig.Origin.ClosedBy);
            return;
        }

        rig.Time.Advance(s_limit);
        rig.AssertClosedFor(CloseReason.RequestTimeout);
        Stream body = await response.Content.ReadAsStreamAsync();
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => body.ReadAsync(new byte[10]).AsTask());
        Assert.True(Assert.IsType<TransportException>(error.InnerException).IsTimeout);
    }

    [Theory]
    [InlineData(200, "Content-Length: 5\r\n\r\n", "hello")]
    [InlineData(200, "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n")]
    [InlineData(200, "Content-Length: 5\r\n\r\nhello", "")]
    [InlineData(204, "\r\n", "")]
    [InlineData(404, "Content-Length: 0\r\n\r\n", "")]
    [InlineData(302, "Content-Length: 0\r\n\r\n", "")]
    public async Task It_ends_with_the_response_and_nothing_waits_any_more(int status, string head, string rest)
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = s_limit);
        (HttpResponseMessage response, ScriptedPeer peer) = await rig.StartAsync($"HTTP/1.1 {status} X\r\n{head}");
        await peer.SendAsync(rest);
        await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(0, Deadlines.Waiting(rig.Handler));
        rig.Time.Advance(10 * s_limit);
        await rig.AssertReusedAsync(peer);
    }

    [Fact]
    public async Task It_ends_with_the_head_of_an_upgrade()
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = s_limit);
        HttpRequestMessage request = Rig.Get();
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd("echo");
        (HttpResponseMessage response, ScriptedPeer peer) =
            await rig.StartAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", request);
        Assert.Equal(0, Deadlines.Waiting(rig.Handler));
        rig.Time.Advance(10 * s_limit);
        await peer.SendAsync("alive");
        Assert.Equal("alive", await (await response.Content.ReadAsStreamAsync()).ReadTextAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_or_a_cancellation_ends_it_too(bool cancelled)
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = s_limit);
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = rig.SendAsync(Rig.Post(new StringContent("x")), cancel.Token);
        ScriptedPeer peer = await rig.Network.AcceptAsync();
        await peer.ReadRequestAsync();
        if (cancelled)
        {
            await cancel.CancelAsync();
            await RigReading.ThrowsAsync<TaskCanceledException>(() => sending);
        }
        else
        {
            peer.Close();
            Assert.False((await RigReading.ThrowsAsync<TransportException>(() => sending)).IsTimeout);
        }

        await Eventually.IsTrue(() => Deadlines.Waiting(rig.Handler) == (cancelled ? 1 : 0), "only the drain waits");
    }

    [Fact]
    public async Task What_the_programs_code_throws_before_anything_is_sent_ends_it_too()
    {
        using var rig = new Rig(static handler =>
        {
            handler.RequestTimeout = s_limit;
            handler.ActivityHeadersPropagator = new ThrowingPropagator();
        });
        using Activity activity = new Activity("the caller's").Start();
        await RigReading.ThrowsAsync<InvalidTimeZoneException>(() => rig.SendAsync(Rig.Get()));
        Assert.Equal(0, Deadlines.Waiting(rig.Handler));
    }

    [Fact]
    public async Task A_disposed_handler_leaves_a_body_its_time()
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = s_limit);
        (HttpResponseMessage response, _) = await rig.StartAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        Stream body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("hello", await body.ReadTextAsync());
        rig.Handler.Dispose();
        Task<int> read = body.ReadAsync(new byte[10]).AsTask();
        rig.Time.Advance(s_limit);
        HttpIOException error = await RigReading.ThrowsAsync<HttpIOException>(() => read);
        Assert.True(Assert.IsType<TransportException>(error.InnerException).IsTimeout);
    }

    [Fact]
    public async Task The_time_of_HttpClient_holds_beside_it()
    {
        using var rig = new Rig(static handler => handler.RequestTimeout = TimeSpan.FromHours(1));
        using var client = new HttpClient(rig.Handler, disposeHandler: false) { Timeout = TimeSpan.FromMilliseconds(50) };
        TaskCanceledException error = await RigReading.ThrowsAsync<TaskCanceledException>(() => client.GetAsync(Rig.Uri));
        Assert.IsType<TimeoutException>(error.InnerException);
    }

    private static RequestTimeoutScene Scene(Governs governs) => new(governs switch
    {
        Governs.RequestAlone => Timeout.InfiniteTimeSpan,
        Governs.RequestBelowTheHandlers => TimeSpan.FromHours(1),
        Governs.RequestAboveTheHandlers => s_limit / 2,
        _ => s_limit,
    })
    {
        Option = governs == Governs.Handler ? null : s_limit,
    };

    private static async Task<TransportException> Failure(Task failing)
    {
        Exception error = await Assert.ThrowsAnyAsync<Exception>(() => Guard.Within(failing, () => "a failure"));
        return Assert.IsType<TransportException>(error is HttpIOException ? error.InnerException : error);
    }

    private sealed class ThrowingPropagator : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) =>
            throw new InvalidTimeZoneException();

        public override void ExtractTraceIdAndState(
            object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) =>
            null;
    }
}
