using Warmwire.Cli.Compare;
using Warmwire.Cli.Sockets;
using Xunit;

namespace Warmwire.Cli.Tests.Compare;

public sealed class VerdictTests
{
    [Fact]
    public void The_usual_case_states_connections_cpu_latency_and_what_is_left() => Assert.Equal(
        [
            "A new handler per request opened 2000 connections where the shared PooledHttpHandler opened 32, took 4.1x the CPU and "
                + "12x the p50 latency.",
            "Sockets left in TIME_WAIT, each of which holds a local port for about a minute: 1998 by new-handler-per-request.",
        ],
        Verdict.Sentences(Reports.Make()));

    [Fact]
    public void A_factor_below_one_is_told_as_it_is()
    {
        string sentence = Verdict.Sentences(Reports.Make(Reports.Before with { CpuMicrosPerRequest = 52, P50Ms = 0.9 }))[0];
        Assert.EndsWith("took 0.52x the CPU and 0.90x the p50 latency.", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_costs_are_called_about_the_same()
    {
        string sentence = Verdict.Sentences(Reports.Make(Reports.Before with { CpuMicrosPerRequest = 101, P50Ms = 0.99 }))[0];
        Assert.EndsWith("took about the same CPU and about the same p50 latency.", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cost_too_small_to_compare_is_not_compared()
    {
        RowReport free = Reports.Warmwire with { CpuMicrosPerRequest = 0 };
        Assert.EndsWith(
            "opened 32, took 12x the p50 latency.", Verdict.Sentences(Reports.Make(warmwire: free))[0], StringComparison.Ordinal);
        Assert.EndsWith("opened 32.", Verdict.Sentences(Reports.Make(warmwire: free with { P50Ms = 0 }))[0], StringComparison.Ordinal);
    }

    [Fact]
    public void One_request_needs_one_connection_either_way()
    {
        IReadOnlyList<string> sentences = Verdict.Sentences(Reports.Make(
            Reports.Before with { Requests = 1, Connections = 1, TimeWaitSockets = 0 },
            Reports.Warmwire with { Requests = 1, Connections = 1 }));
        Assert.Equal(
            [
                "A new handler per request and the shared PooledHttpHandler opened 1 connection each; the new handlers took 4.1x the "
                    + "CPU and 12x the p50 latency.",
                "1 request is few: counts are exact, times and CPU are rough.",
            ],
            sentences);
    }

    [Fact]
    public void A_row_with_fewer_requests_is_compared_per_request()
    {
        string sentence = Verdict.Sentences(Reports.Make(warmwire: Reports.Warmwire with { Requests = 50_000 }))[0];
        Assert.Equal(
            "A new handler per request opened 2000 connections for 2000 requests where the shared PooledHttpHandler opened 32 for "
                + "50000, took 4.1x the CPU per request and 12x the p50 latency.",
            sentence);
    }

    [Fact]
    public void Failed_requests_are_named()
    {
        IReadOnlyList<string> sentences = Verdict.Sentences(
            Reports.Make(Reports.Before with { Errors = 3 }, Reports.Warmwire with { Errors = 1 }));
        Assert.Equal(
            "Failed requests, not in rates and latencies: 3 of 2000 in new-handler-per-request, 1 of 2000 in warmwire.",
            sentences[^1]);
    }

    [Fact]
    public void More_connections_on_our_side_are_not_hidden()
    {
        RowReport before = Reports.Before with { Requests = 2, Connections = 2 };
        RowReport shared = Reports.Warmwire with { Requests = 2, Connections = 3 };
        string sentence = Verdict.Sentences(Reports.Make(before, shared))[0];
        Assert.StartsWith(
            "A new handler per request opened 2 connections where the shared PooledHttpHandler opened 3,",
            sentence,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_that_are_all_made_at_once_cannot_show_reuse()
    {
        CompareReport report = Reports.Make() with { Requests = 32 };
        Assert.StartsWith("All requests were sent at once", Verdict.Sentences(report)[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("at once", string.Concat(Verdict.Sentences(report with { Requests = 33 })), StringComparison.Ordinal);
    }
}
