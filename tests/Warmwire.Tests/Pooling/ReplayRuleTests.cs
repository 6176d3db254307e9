using System.Net;
using Warmwire.Connections;
using Warmwire.Exchange;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// Every combination of what decides whether a failed request may be sent again, against the rule written down once more, plainly.
/// </summary>
public class ReplayRuleTests
{
    private static readonly string[] s_methods =
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "POST", "PATCH", "CONNECT", "QUERY-LIKE"];

    [Fact]
    public void A_failed_request_is_sent_again_exactly_when_the_rule_says_so()
    {
        int yes = 0, no = 0;
        foreach (ReplayPolicy policy in Enum.GetValues<ReplayPolicy>())
        {
            foreach (string method in s_methods)
            {
                foreach (RequestSent sent in Enum.GetValues<RequestSent>())
                {
                    // reused, response byte, body absent / repeatable / not, key
                    for (int bits = 0; bits < 2 * 2 * 3 * 2; bits++)
                    {
                        bool reused = bits % 2 == 1, started = bits / 2 % 2 == 1, key = bits / 12 == 1;
                        HttpContent? content = (bits / 4 % 3) switch
                        {
                            0 => null,
                            1 => new ByteArrayContent([1]),
                            _ => new ScriptedContent(_ => Task.CompletedTask),
                        };
                        bool idempotent = key || method is "GET" or "HEAD" or "PUT" or "DELETE" or "OPTIONS" or "TRACE";
                        bool expected = policy != ReplayPolicy.Never && !started
                            && (sent == RequestSent.No
                                || (idempotent && content is not ScriptedContent && (reused || policy == ReplayPolicy.Idempotent)));
                        bool actual = MayReplay(policy, method, sent, reused, started, content, key, out bool isReplaySafe);
                        Assert.True(
                            expected == actual,
                            $"{policy} {method} sent {sent}, reused {reused}, response started {started}, content {content}, "
                                + $"key {key}: {actual}");
                        Assert.Equal(MayReplay(ReplayPolicy.Safe, method, sent, reused, started, content, key), isReplaySafe);
                        _ = actual ? yes++ : no++;
                    }
                }
            }
        }

        Assert.True(yes > 100 && no > 100);
    }

    /// <summary>RFC 9113 §8.7: REFUSED_STREAM, or a GOAWAY that leaves it out.</summary>
    [Fact]
    public void What_the_server_did_nothing_with_is_sent_again_whatever_it_is_and_on_whatever_connection()
    {
        var once = new ScriptedContent(_ => Task.CompletedTask);
        foreach (string method in s_methods)
        {
            foreach (bool reused in new[] { false, true })
            {
                Assert.True(Refused(ReplayPolicy.Safe, method, RequestSent.Fully, reused, content: null));
                Assert.True(Refused(ReplayPolicy.Idempotent, method, RequestSent.Partly, reused, new ByteArrayContent([1])));
                Assert.True(Refused(ReplayPolicy.Safe, method, RequestSent.No, reused, once));
                Assert.True(Refused(ReplayPolicy.Safe, method, RequestSent.Partly, reused, once));
                Assert.False(Refused(ReplayPolicy.Safe, method, RequestSent.No, reused, once, contentBegun: true));
                Assert.False(Refused(ReplayPolicy.Safe, method, RequestSent.Partly, reused, once, contentBegun: true));
                Assert.True(Refused(ReplayPolicy.Safe, method, RequestSent.Partly, reused, new ByteArrayContent([1]), contentBegun: true));
                Assert.False(Refused(ReplayPolicy.Never, method, RequestSent.Fully, reused, content: null));
            }
        }

        Assert.True(MayReplay(ReplayPolicy.Safe, "POST", RequestSent.Fully, false, false, null, false, replays: 19, notProcessed: true));
        Assert.False(MayReplay(ReplayPolicy.Safe, "POST", RequestSent.Fully, false, false, null, false, replays: 20, notProcessed: true));
        Assert.False(
            MayReplay(ReplayPolicy.Safe, "POST", RequestSent.Fully, false, false, null, false, isTimeout: true, notProcessed: true));

        static bool Refused(
            ReplayPolicy policy, string method, RequestSent sent, bool reused, HttpContent? content, bool contentBegun = false) =>
            MayReplay(policy, method, sent, reused, started: false, content, key: false, notProcessed: true, contentBegun: contentBegun);
    }

    /// <summary>Sent again it would be refused again: a header that cannot be sent, a server that does not take so much of them.</summary>
    [Fact]
    public void Not_what_can_never_be_sent() =>
        Assert.False(MayReplay(ReplayPolicy.Safe, "GET", RequestSent.No, true, false, null, false, errorMayReplay: false));

    [Fact]
    public void What_found_no_slot_waits_again_under_every_policy_and_that_counts_as_nothing()
    {
        foreach (ReplayPolicy policy in Enum.GetValues<ReplayPolicy>())
        {
            Assert.True(
                MayReplay(
                    policy,
                    "POST",
                    RequestSent.No,
                    false,
                    false,
                    new ScriptedContent(_ => Task.CompletedTask),
                    false,
                    replays: 3,
                    turnedAway: true));
        }

        Assert.False(
            MayReplay(
                ReplayPolicy.Safe,
                "GET",
                RequestSent.No,
                false,
                false,
                null,
                false,
                turnedAway: true,
                token: new CancellationToken(canceled: true)));
        var request = new HttpRequestMessage(HttpMethod.Get, PoolRig.A);
        var attempt =
            new Attempt(new AttemptRequest(request, RequestSettings.From(request, new HandlerSettings()), default) { Replays = 2 });
        attempt.Progress.TurnedAway = true;
        Assert.Equal((2, 1), (attempt.Again(isReplay: false).Replays, attempt.Again(isReplay: false).TurnsAway));
        attempt.Progress.TurnedAway = false;
        Assert.Equal(3, attempt.Again(isReplay: true).Replays);
    }

    [Fact]
    public void Not_more_than_three_times() =>
        Assert.Equal(
            [true, true, true, false, false],
            Enumerable.Range(0, 5).Select(replays =>
                MayReplay(ReplayPolicy.Safe, "GET", RequestSent.Fully, true, false, null, false, replays)));

    [Fact]
    public void Not_after_a_timeout_nor_after_a_failed_dial_nor_when_cancelled()
    {
        Assert.False(MayReplay(ReplayPolicy.Safe, "GET", RequestSent.No, true, false, null, false, isTimeout: true));
        Assert.False(MayReplay(ReplayPolicy.Safe, "GET", RequestSent.No, true, false, null, false, leased: false));
        Assert.False(
            MayReplay(ReplayPolicy.Safe, "GET", RequestSent.No, true, false, null, false, token: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void What_was_replayed_as_often_as_it_may_be_is_still_safe_to_replay()
    {
        Assert.False(MayReplay(ReplayPolicy.Safe, "GET", RequestSent.Fully, true, false, null, false, out bool isReplaySafe, replays: 3));
        Assert.True(isReplaySafe);
        Assert.False(
            MayReplay(ReplayPolicy.Never, "GET", RequestSent.Fully, true, false, null, false, out isReplaySafe, isTimeout: true));
        Assert.False(isReplaySafe);
    }

    private static bool MayReplay(
        ReplayPolicy policy, string method, RequestSent sent, bool reused, bool started, HttpContent? content, bool key,
        int replays = 0, bool isTimeout = false, bool leased = true, bool notProcessed = false, bool contentBegun = false,
        bool turnedAway = false, bool errorMayReplay = true, CancellationToken token = default) =>
        MayReplay(
            policy, method, sent, reused, started, content, key, out _, replays, isTimeout, leased, notProcessed, contentBegun, turnedAway,
            errorMayReplay, token);

    private static bool MayReplay(
        ReplayPolicy policy, string method, RequestSent sent, bool reused, bool started, HttpContent? content, bool key,
        out bool isReplaySafe, int replays = 0, bool isTimeout = false, bool leased = true, bool notProcessed = false,
        bool contentBegun = false, bool turnedAway = false, bool errorMayReplay = true, CancellationToken token = default)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), PoolRig.A) { Content = content };
        request.Options.Set(TransportOptions.ReplayPolicy, policy);
        if (key)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", "\"1\"");
        }

        var attempt =
            new Attempt(new AttemptRequest(request, RequestSettings.From(request, new HandlerSettings()), token) { Replays = replays })
        {
            Lease = new LeaseFacts { IsLeased = leased, Reused = reused },
        };
        attempt.Progress = new AttemptProgress
        {
            Sent = sent,
            ResponseStarted = started,
            NotProcessed = notProcessed,
            ContentBegun = contentBegun,
            TurnedAway = turnedAway,
        };
        var error = new TransportException(
            HttpRequestError.Unknown, "", null, TransportPhase.ReadHeaders, sent, null, null, isTimeout, errorMayReplay);
        bool mayReplay = ReplayRules.MayReplay(attempt, error);
        isReplaySafe = error.IsReplaySafe;
        return mayReplay;
    }
}
