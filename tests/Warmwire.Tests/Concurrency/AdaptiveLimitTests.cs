using Warmwire.Concurrency;
using Xunit;

namespace Warmwire.Tests.Concurrency;

/// <summary>The limit against simulated servers: where it settles, and what it does when the server changes.</summary>
public class AdaptiveLimitTests
{
    private static readonly TimeSpan s_ms = TimeSpan.FromMilliseconds(1);

    /// <summary>Workers, mean service time, whether that varies as in M/M/c.</summary>
    public static TheoryData<int, double, bool> Servers()
    {
        var data = new TheoryData<int, double, bool>();
        foreach (int workers in (int[])[1, 2, 4, 16, 64])
        {
            foreach (double service in (double[])[20, 100])
            {
                data.Add(workers, service, false);
                data.Add(workers, service, true);
            }
        }

        return data;
    }

    // ---- Where it settles -------------------------------------------------------------------------------------------

    [Theory]
    [MemberData(nameof(Servers))]
    public void It_settles_near_the_knee(int workers, double serviceMs, bool varies)
    {
        for (int seed = 1; seed <= 3; seed++)
        {
            SimulatedServer server = Server(seed, workers, serviceMs, varies);
            server.Run(seconds: 40);
            server.Run(seconds: 40);
            double capacity = workers / server.Service.TotalSeconds;
            double mean = server.Limits.Average();

            // All workers are busy but for the moments of measuring, and what waits in the server is about its workers again.
            Assert.True(server.Rate > 0.85 * capacity, $"{server.Rate} of {capacity} a second, {server}");
            Assert.InRange(mean, workers, (1.75 * workers) + (2 * Math.Sqrt(workers)) + 3);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_never_falls_to_the_least(bool varies)
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            SimulatedServer server = Server(seed, workers: 16, serviceMs: 10, varies);
            server.Run(seconds: 10);
            server.Run(seconds: 60);
            Assert.True(server.Limits.Min() >= 8, $"fell to {server.Limits.Min()} of 16 workers with seed {seed}, {server}");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fast_server_is_not_limited(bool varies)
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            SimulatedServer server = Server(seed, workers: 10_000, serviceMs: 20, varies);
            server.Clients = 60;
            server.Run(seconds: 20);
            server.Run(seconds: 20);
            Assert.True(server.Limits.Min() >= 60, $"{server.Limits.Min()} with seed {seed}, {server}");
        }
    }

    [Fact]
    public void Goodput_does_not_collapse_where_the_server_slows_down_under_load()
    {
        SimulatedServer limited = Server(seed: 1, workers: 16, serviceMs: 10, varies: true);
        limited.SlowerPerQueued = 0.02;
        limited.Run(seconds: 30);
        limited.Run(seconds: 30);

        var unlimited = new SimulatedServer(seed: 1, new AdaptiveConcurrency { MinLimit = 400 }) { Workers = 16, SlowerPerQueued = 0.02 };
        unlimited.Run(seconds: 30);
        unlimited.Run(seconds: 30);

        Assert.True(limited.Rate > 0.8 * 1600, $"{limited.Rate} a second");
        Assert.True(unlimited.Rate < 0.2 * 1600, $"{unlimited.Rate} a second without a limit: the simulation does not collapse");
    }

    // ---- What it does when the server changes -----------------------------------------------------------------------

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_server_that_is_slower_for_every_load_keeps_its_limit(bool varies)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            SimulatedServer server = Server(seed, workers: 16, serviceMs: 10, varies);
            server.Run(seconds: 40);
            server.Service *= 5;
            server.Run(seconds: 20);
            server.Run(seconds: 60);

            Assert.True(server.Limits.Min() >= 8, $"fell to {server.Limits.Min()} with seed {seed}, {server}");
            Assert.True(server.Rate > 0.8 * 16 / 0.05, $"{server.Rate} a second with seed {seed}, {server}");
            Assert.InRange(server.Limit.MinLatency!.Value, 25 * s_ms, 75 * s_ms);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_follows_a_server_that_loses_workers_and_has_them_again(bool varies)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            SimulatedServer server = Server(seed, workers: 16, serviceMs: 10, varies);
            server.Run(seconds: 40);

            server.Workers = 4;
            server.Run(seconds: 5);
            server.Run(seconds: 5);
            Assert.True(server.Limits.Average() < 16, $"{server.Limits.Average()} for 4 workers with seed {seed}, {server}");

            server.Workers = 16;
            server.Run(seconds: 5);
            server.Run(seconds: 5);
            Assert.True(server.Limits.Average() > 15, $"{server.Limits.Average()} for 16 workers with seed {seed}, {server}");
            Assert.True(server.Rate > 0.85 * 1600, $"{server.Rate} a second with seed {seed}, {server}");
        }
    }

    [Fact]
    public void A_server_that_stands_still_is_given_no_more_and_is_used_again_afterwards()
    {
        SimulatedServer server = Server(seed: 1, workers: 16, serviceMs: 10, varies: true);
        server.Run(seconds: 40);
        int before = server.Limit.Limit;
        server.Stall(seconds: 20);
        Assert.True(server.UnderWay <= Math.Max(before, server.Limit.Limit), "a server that answers nothing is given more");

        server.Run(seconds: 5);
        server.Run(seconds: 10);
        Assert.True(server.Limits.Min() >= 8, $"{server.Limits.Min()}, {server}");
        Assert.True(server.Rate > 0.85 * 1600, $"{server.Rate} a second, {server}");
    }

    // ---- What counts ------------------------------------------------------------------------------------------------

    [Fact]
    public void Nothing_is_known_before_few_exchanges_at_a_time_have_shown_it()
    {
        AdaptiveLimit limit = New();
        limit.Look(underWay: 0, TimeSpan.Zero);
        Assert.Equal((ConcurrencyLimits.FirstMeasureLimit, true), (limit.Limit, limit.IsMeasuring));

        TimeSpan now = Answer(limit, ConcurrencyLimits.FirstMeasureSamples, latency: 10 * s_ms, underWay: 4, TimeSpan.Zero);
        Assert.Equal((20, false), (limit.Limit, limit.IsMeasuring));
        Assert.Equal(10 * s_ms, limit.MinLatency);

        // In use and as fast as ever: twice as much.
        Answer(limit, ConcurrencyLimits.EnoughSamples, 10 * s_ms, underWay: 20, now);
        Assert.Equal(40, limit.Limit);
    }

    [Fact]
    public void A_limit_that_is_not_used_does_not_move()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        now = Answer(limit, 100, 10 * s_ms, underWay: 9, now);
        Answer(limit, 100, 500 * s_ms, underWay: 9, now);
        Assert.Equal(20, limit.Limit);
    }

    [Fact]
    public void A_timeout_counts_as_its_wait()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        limit.UnderWay(20);
        for (int i = 0; i < ConcurrencyLimits.EnoughSamples; i++)
        {
            now += 20 * s_ms;
            limit.GaveUp(startedAt: now - (500 * s_ms), underWay: 20, now);
        }

        Assert.Equal(500 * s_ms, limit.SampledLatency);
        Assert.True(limit.Estimate < 20, $"{limit.Estimate}");
    }

    [Fact]
    public void A_request_that_is_given_up_early_says_nothing()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        limit.UnderWay(20);
        for (int i = 0; i < 10 * ConcurrencyLimits.EnoughSamples; i++)
        {
            now += s_ms;
            limit.GaveUp(startedAt: now - s_ms, underWay: 20, now);
        }

        Assert.Equal((20, 10 * s_ms, 10 * s_ms), (limit.Limit, limit.SampledLatency, limit.MinLatency));
    }

    [Fact]
    public void A_server_that_refuses_is_given_no_more_however_fast_it_does_so()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        limit.UnderWay(20);
        for (int i = 0; i < 10 * ConcurrencyLimits.EnoughSamples; i++)
        {
            now += s_ms;
            limit.Refused(underWay: 20, now);
            limit.Answered(startedAt: now - (10 * s_ms), underWay: 20, now);
        }

        Assert.Equal((20, 10 * s_ms), (limit.Limit, limit.MinLatency));
    }

    [Fact]
    public void A_lost_packet_does_not_decide()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        limit.UnderWay(20);
        for (int i = 0; i < 100; i++)
        {
            now += 5 * s_ms;
            limit.Answered(startedAt: now - (i % 20 == 0 ? TimeSpan.FromSeconds(3) : 10 * s_ms), underWay: 20, now);
        }

        Assert.True(limit.Limit >= 40, $"{limit.Limit}");
    }

    // ---- Measuring anew ---------------------------------------------------------------------------------------------

    [Fact]
    public void Measuring_anew_counts_only_what_began_when_few_were_under_way()
    {
        AdaptiveLimit limit = Measuring(out TimeSpan now);
        int measures = limit.Limit;
        Assert.Equal(limit.Estimate / 4, measures);

        // These have waited behind the queue that was there.
        for (int underWay = limit.Estimate; underWay > measures; underWay--)
        {
            limit.Answered(now - (900 * s_ms), underWay, now);
        }

        for (int i = 0; i < measures; i++)
        {
            limit.Answered(now - (900 * s_ms), measures, now);
        }

        // These are the fastest of those that began since then: what is slower could not be here yet.
        now += 4 * s_ms;
        for (int i = 0; i < 10; i++)
        {
            limit.Answered(now - (4 * s_ms), measures, now);
        }

        now += 30 * s_ms;
        for (int i = 0; limit.IsMeasuring; i++)
        {
            Assert.True(i <= ConcurrencyLimits.MeasureSamples, "it measures for ever");
            limit.Answered(now - (12 * s_ms), measures, now);
        }

        Assert.Equal(12 * s_ms, limit.MinLatency);
    }

    [Fact]
    public void Measuring_anew_ends_though_what_is_under_way_does_not()
    {
        AdaptiveLimit limit = Measuring(out TimeSpan now);
        TimeSpan? min = limit.MinLatency;
        Assert.InRange(limit.Due!.Value, now, now + ConcurrencyLimits.LongestMeasure);

        limit.Look(underWay: 500, limit.Due.Value - s_ms);
        Assert.True(limit.IsMeasuring);
        limit.Look(underWay: 500, limit.Due.Value);
        Assert.False(limit.IsMeasuring);
        Assert.Equal(min, limit.MinLatency);
        Assert.Null(limit.Due);
    }

    [Fact]
    public void Intervals_differ_by_their_jitter()
    {
        Assert.InRange(Interval(random: 0).TotalSeconds, 25.4, 27);
        Assert.InRange(Interval(random: 0.999).TotalSeconds, 34, 36);
    }

    [Fact]
    public void A_quiet_origin_is_measured_without_a_lower_limit()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        while (now < TimeSpan.FromMinutes(2))
        {
            now = Answer(limit, ConcurrencyLimits.EnoughSamples, 30 * s_ms, underWay: 3, now);
            Assert.False(limit.IsMeasuring);
        }

        Assert.Equal(30 * s_ms, limit.MinLatency);
    }

    // ---- Idle -------------------------------------------------------------------------------------------------------

    [Fact]
    public void An_idle_origin_forgets_slowly()
    {
        AdaptiveLimit limit = Known(out TimeSpan now);
        for (int i = 0; i < 3; i++)
        {
            now = Answer(limit, ConcurrencyLimits.EnoughSamples, 10 * s_ms, limit.Limit, now);
        }

        Assert.Equal(160, limit.Limit);
        limit.Look(underWay: 0, now + TimeSpan.FromSeconds(5));
        Assert.Equal(160, limit.Limit);
        limit.Look(underWay: 1, now + ConcurrencyLimits.HalfForgotten);
        Assert.Equal(160, limit.Limit);
        now += ConcurrencyLimits.HalfForgotten;
        limit.Look(underWay: 0, now);
        Assert.Equal(90, limit.Limit);
        limit.Look(underWay: 0, now + (10 * ConcurrencyLimits.HalfForgotten));
        Assert.Equal(20, limit.Limit);
    }

    // ---- Bounds -----------------------------------------------------------------------------------------------------

    [Fact]
    public void It_stays_between_the_least_and_the_most_whatever_happens()
    {
        var random = new Random(5);
        for (int run = 0; run < 200; run++)
        {
            int min = random.Next(1, 30);
            int max = min + random.Next(0, 100);
            var limit = new AdaptiveLimit(
                new AdaptiveConcurrency { MinLimit = min, MaxLimit = max, InitialLimit = random.Next(1, 200) }, random.NextDouble,
                TimeSpan.Zero);
            TimeSpan now = TimeSpan.Zero;
            for (int i = 0; i < 2000; i++)
            {
                now += random.Next(200) * s_ms;
                int underWay = random.Next(0, limit.Limit + 1);
                limit.UnderWay(underWay);
                TimeSpan began = now - (random.Next(0, 1 << random.Next(1, 15)) * s_ms);
                _ = random.Next(8) switch
                {
                    0 => limit.GaveUp(began, underWay, now),
                    1 => limit.Refused(underWay, now),
                    _ => limit.Answered(began, underWay, now),
                };
                limit.Look(underWay, now);
                Assert.InRange(limit.Limit, min, max);
                Assert.InRange(limit.Estimate, min, max);
            }
        }
    }

    [Theory]
    [InlineData(nameof(AdaptiveConcurrency.MinLimit))]
    [InlineData(nameof(AdaptiveConcurrency.MaxLimit))]
    [InlineData(nameof(AdaptiveConcurrency.InitialLimit))]
    [InlineData(nameof(AdaptiveConcurrency.LatencyTolerance))]
    [InlineData(nameof(AdaptiveConcurrency.MinLatencyInterval))]
    public void A_setting_outside_its_range_is_refused_by_its_name(string name)
    {
        Action[] sets = name switch
        {
            nameof(AdaptiveConcurrency.MinLimit) => [() => _ = new AdaptiveConcurrency { MinLimit = 0 }],
            nameof(AdaptiveConcurrency.MaxLimit) => [() => _ = new AdaptiveConcurrency { MaxLimit = 0 }],
            nameof(AdaptiveConcurrency.InitialLimit) => [() => _ = new AdaptiveConcurrency { InitialLimit = -1 }],
            nameof(AdaptiveConcurrency.LatencyTolerance) =>
                [
                    () => _ = new AdaptiveConcurrency { LatencyTolerance = 0.99 },
                    () => _ = new AdaptiveConcurrency { LatencyTolerance = 10.1 },
                    () => _ = new AdaptiveConcurrency { LatencyTolerance = double.NaN },
                ],
            _ => [() => _ = new AdaptiveConcurrency { MinLatencyInterval = TimeSpan.FromMilliseconds(999) }],
        };
        Assert.All(sets, set => Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(set).ParamName));
    }

    [Fact]
    public void A_least_above_the_most_is_refused()
    {
        using var handler = new PooledHttpHandler();
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => handler.ConcurrencyLimit = new AdaptiveConcurrency { MinLimit = 5, MaxLimit = 4 });
        Assert.Equal(nameof(handler.ConcurrencyLimit), refused.ParamName);
        Assert.Contains("(5) must not be above MaxLimit (4)", refused.Message, StringComparison.Ordinal);
        handler.ConcurrencyLimit = new AdaptiveConcurrency { MinLatencyInterval = Timeout.InfiniteTimeSpan };
        handler.ConcurrencyLimit = null;
    }

    // ---- Short words ------------------------------------------------------------------------------------------------

    private static SimulatedServer Server(int seed, int workers, double serviceMs, bool varies) =>
        new(seed) { Workers = workers, Service = TimeSpan.FromMilliseconds(serviceMs), IsRandom = varies };

    private static AdaptiveLimit New(double random = 0.5) => new(new AdaptiveConcurrency(), () => random, TimeSpan.Zero);

    /// <summary>One whose server answers within 10 ms; the limit is 20.</summary>
    private static AdaptiveLimit Known(out TimeSpan now, double random = 0.5)
    {
        AdaptiveLimit limit = New(random);
        limit.Look(underWay: 0, TimeSpan.Zero);
        now = Answer(limit, ConcurrencyLimits.FirstMeasureSamples, 10 * s_ms, underWay: 4, TimeSpan.Zero);
        return limit;
    }

    /// <summary>In full use, until the minimum is measured anew.</summary>
    private static AdaptiveLimit Measuring(out TimeSpan now, double random = 0.5)
    {
        AdaptiveLimit limit = Known(out now, random);
        while (!limit.IsMeasuring)
        {
            Assert.True(now < TimeSpan.FromMinutes(2), "it is never measured anew");
            now = Answer(limit, ConcurrencyLimits.EnoughSamples, 10 * s_ms, limit.Limit, now);
        }

        return limit;
    }

    /// <summary>How long it is from one measurement to the next when several have been made.</summary>
    private static TimeSpan Interval(double random)
    {
        AdaptiveLimit limit = Known(out TimeSpan now, random);
        TimeSpan ended = TimeSpan.Zero;
        for (int measurements = 0; ;)
        {
            now = Answer(limit, 5, 10 * s_ms, limit.Limit, now);
            if (!limit.IsMeasuring)
            {
                continue;
            }

            if (++measurements == 6)
            {
                return now - ended;
            }

            while (limit.IsMeasuring)
            {
                now = Answer(limit, 5, 10 * s_ms, limit.Limit, now);
            }

            ended = now;
        }
    }

    /// <summary>Answers of one latency, over a time in which a window ends.</summary>
    private static TimeSpan Answer(AdaptiveLimit limit, int count, TimeSpan latency, int underWay, TimeSpan now)
    {
        limit.UnderWay(underWay);
        TimeSpan apart = TimeSpan.FromTicks(Math.Max(ConcurrencyLimits.ShortestWindow.Ticks, 2 * latency.Ticks) / count) + s_ms;
        for (int i = 0; i < count; i++)
        {
            now += apart;
            limit.Answered(now - latency, underWay, now);
        }

        return now;
    }
}
