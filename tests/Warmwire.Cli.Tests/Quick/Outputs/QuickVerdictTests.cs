using Warmwire.Cli.Quick.Load;
using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Outputs;

public sealed class QuickVerdictTests
{
    [Fact]
    public void Good_reuse_is_told_with_its_figures() => Assert.Equal(
        "9,000 requests used 12 connections, at most 10 open at a time. 99.8 % of requests reused a connection.",
        QuickVerdict.Sentences(Run(9000, 12, 10, reuse: 0.9986))[0]);

    [Fact]
    public void Bad_reuse_is_told_too() => Assert.Equal(
        "100 requests used 60 connections, at most 5 open at a time. Only 40.0 % of requests reused a connection.",
        QuickVerdict.Sentences(Run(100, 60, 5, reuse: 0.4))[0]);

    [Fact]
    public void No_reuse_at_all_is_told() => Assert.Equal(
        "100 requests used 100 connections, at most 5 open at a time. No connection was reused.",
        QuickVerdict.Sentences(Run(100, 100, 5, reuse: 0))[0]);

    [Fact]
    public void Every_request_on_a_used_connection_is_100_percent_and_nothing_else_is() => Assert.Contains(
        "99.9 %", QuickVerdict.Sentences(Run(100_000, 1, 1, reuse: 0.99999))[0], StringComparison.Ordinal);

    [Fact]
    public void Asked_for_new_connections_it_does_not_blame_anybody()
    {
        QuickResult result = Run(10, 10, 3, reuse: 0);
        result = result with { Target = result.Target with { NewConnectionPerRequest = true } };
        Assert.Contains(
            ": a new connection per request, which is what creating a client per request costs.",
            QuickVerdict.Sentences(result)[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public void Closes_have_their_side_and_reasons()
    {
        QuickResult result = Run(100, 5, 2, reuse: 0.95);
        result = result with
        {
            Connections = result.Connections with
            {
                ClosedBy = new Dictionary<string, long> { ["IdleTimeout"] = 1, ["ServerClosed"] = 2 },
                ClosedByServer = 2,
                ClosedByClient = 1,
            },
        };
        Assert.Equal(
            "During the run the server closed 2 connections and the client closed 1 (ServerClosed 2, IdleTimeout 1).",
            QuickVerdict.Sentences(result)[1]);
    }

    [Fact]
    public void Errors_are_told_with_the_last_message_of_the_most_frequent()
    {
        QuickResult result = Run(10, 1, 1, reuse: 0.9) with
        {
            Errors = new Dictionary<string, long> { ["Timeout.Connect"] = 1 },
            ErrorExamples = new Dictionary<string, string> { ["Timeout.Connect"] = "it took too long" },
            Codes = new Dictionary<string, long> { ["200"] = 7, ["503"] = 2 },
            Responses = 9,
        };
        Assert.Contains(
            "1 of 10 requests got no complete response and is not in the latencies; most often Timeout.Connect (1). Last message of "
                + "Timeout.Connect: it took too long",
            QuickVerdict.Sentences(result));
        Assert.Contains("2 of 9 responses had a status of 400 or above.", QuickVerdict.Sentences(result));
    }

    [Fact]
    public void A_generator_that_was_the_limit_says_why()
    {
        QuickResult result = Run(10, 1, 1, reuse: 0.9) with { GeneratorLimited = true, GeneratorLimits = ["quick used 1.9 of 2 cores."] };
        Assert.Contains(
            QuickVerdict.Sentences(result),
            static sentence =>
                sentence.EndsWith("the figures do not describe the server alone: quick used 1.9 of 2 cores.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1, "Sent 30 of the planned 30 requests/s; the load generator kept up.")]
    [InlineData(5, "Started 30 of the planned 30 arrivals/s; the load generator kept up.")]
    public void The_rate_is_that_of_requests_where_an_arrival_is_one(int requestsPerArrival, string sentence)
    {
        QuickResult result = Run(10, 1, 1, reuse: 0.9) with { AchievedRate = 30 };
        result = result with { Target = result.Target with { Rate = 30, RequestsPerArrival = requestsPerArrival } };
        Assert.Contains(sentence, QuickVerdict.Sentences(result));
    }

    [Fact]
    public void What_the_uncorrected_latency_hides_is_told()
    {
        QuickResult result = Run(10, 1, 1, reuse: 0.9);
        result = result with
        {
            LatencyMs = new LatencyResult
            {
                Corrected = result.LatencyMs.Corrected with { P99 = 1800 },
                Uncorrected = result.LatencyMs.Corrected with { P99 = 40 },
            },
        };
        Assert.Contains(
            "p99: 1800 ms from schedule, 40 ms from send; the difference was waiting in the client.", QuickVerdict.Sentences(result));
    }

    [Theory]
    [InlineData(
        893,
        "893 connections to 10.0.0.1:443 were closed by this machine and entered TIME_WAIT, 0.99 per request, as if a client were "
            + "created and disposed for each request. Create one client, keep it and share it.")]
    [InlineData(40, "40 connections to 10.0.0.1:443 were closed by this machine and entered TIME_WAIT.")]
    public void A_process_that_makes_a_client_for_each_request_is_found_though_its_connections_live_too_short_to_be_seen(
        long went,
        string sentence)
    {
        var none = new ProcessState
        {
            Descriptors = 1,
            ResidentMegabytes = 1,
            Threads = 1,
            Outgoing = new Dictionary<string, int>(),
            Incoming = 0,
            TimeWait = new Dictionary<string, int>(),
        };
        QuickResult result = Run(900, 4, 4, reuse: 0.99) with
        {
            Process = new ProcessResult
            {
                Pid = 7, Name = "shop", CpuSeconds = 1, CpuMicrosPerRequest = 1111, Before = none, During = none, After = none,
                OutgoingSeen = new Dictionary<string, long>(),
                TimeWaitSeen = new Dictionary<string, long> { ["10.0.0.2:443"] = 3, ["10.0.0.1:443"] = went },
            },
        };
        Assert.Equal(sentence, QuickVerdict.Sentences(result)[^1]);
    }

    [Fact]
    public void Without_a_request_there_is_nothing_to_say() =>
        Assert.Equal(["No request was sent."], QuickVerdict.Sentences(Run(0, 0, 0, 0)));

    private static QuickResult Run(long requests, long opened, long peak, double reuse)
    {
        QuickResult empty = QuickResults.Empty();
        return empty with
        {
            Requests = requests,
            Responses = requests,
            Connections = empty.Connections with { Opened = opened, PeakOpen = peak, ReuseRatio = reuse, Exchanges = requests },
        };
    }
}
