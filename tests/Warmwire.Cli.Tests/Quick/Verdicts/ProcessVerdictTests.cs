using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Verdicts;

public sealed class ProcessVerdictTests
{
    private const string Remote = "10.0.0.1:443";

    [Fact]
    public void Clients_that_are_never_disposed_are_named_with_the_remedy() => Assert.Equal(
        "Its connections to 10.0.0.1:443 grew from 7 to 143, 0.45 per request, and stayed open, as if a client were created for each "
            + "request and never disposed. Create one client, keep it and share it.",
        Fault(Watched(300, i => 7 + (i * 136 / 29))));

    [Theory]
    [InlineData("a pool that is filled at the start", 16)]
    [InlineData("a slow server: as many connections as requests in progress", 130)]
    public void What_a_shared_client_needs_is_no_fault(string what, int peakOpen)
    {
        QuickResult result = Watched(
            300, i => what.StartsWith("a pool", StringComparison.Ordinal) ? Math.Min(7 + (i * 30), 40) : 7 + (i * 136 / 29));
        Assert.Null(Fault(result with { Connections = result.Connections with { PeakOpen = peakOpen } }));
    }

    [Fact]
    public void Descriptors_that_grow_without_connections_are_a_fault_of_their_own()
    {
        QuickResult result = Watched(300, _ => 3);
        ProcessResult process = result.Process!;
        result = result with
        {
            Process = process with
            {
                Before = process.Before with { Descriptors = 221 },
                After = process.After with { Descriptors = 364 },
                Series = [.. process.Series.Select((point, i) => point with { Descriptors = 221 + (i * 143 / 29) })],
            },
        };
        Assert.Equal(
            "Its open descriptors grew from 221 to 364, of which 143 are not connections, 0.48 per request: something is opened for each "
                + "request and not closed. Close or dispose it.",
            Fault(result));
    }

    [Fact]
    public void Connections_to_an_address_it_was_not_seen_using_are_not_called_its_own()
    {
        QuickResult result = Watched(300, _ => 3);
        result = result with { Process = result.Process! with { OtherTimeWait = new Dictionary<string, long> { ["10.9.9.9:80"] = 290 } } };
        Assert.Equal(
            "290 connections to 10.9.9.9:80 entered TIME_WAIT, 0.97 per request. The process was not seen using that address, so they may "
                + "be another program's.",
            Fault(result));
        Assert.Null(Fault(result with { Requests = 900 }));
    }

    [Fact]
    public void It_is_said_whose_figures_they_are()
    {
        QuickResult result = Watched(300, _ => 3);
        result = result with
        {
            Process = result.Process! with { ListensOn = 8080, Descendants = new Dictionary<string, int> { ["shop"] = 2, ["sh"] = 1 } },
        };
        Assert.Equal(
            "Process 7 (dotnet), which listens on port 8080, and its 3 child processes (shop, sh) used 1,111 µs of CPU time per request.",
            ProcessVerdict.Sentences(result).First());
    }

    private static string? Fault(QuickResult result) => ProcessVerdict.Sentences(result).Skip(2).SingleOrDefault();

    /// <summary>A run of 30 samples in which the process held so many connections.</summary>
    private static QuickResult Watched(long requests, Func<int, int> connections)
    {
        ProcessState State(int i) => new()
        {
            Descriptors = 200 + connections(i),
            ResidentMegabytes = 1,
            Threads = 1,
            Outgoing = new Dictionary<string, int> { [Remote] = connections(i) },
            Incoming = 2,
            TimeWait = new Dictionary<string, int>(),
        };
        return QuickResults.Empty() with
        {
            Requests = requests,
            Responses = requests,
            Process = new ProcessResult
            {
                Pid = 7,
                Name = "dotnet",
                CpuSeconds = 1,
                CpuMicrosPerRequest = 1111,
                Before = State(0),
                During = State(29),
                After = State(29),
                OutgoingSeen = new Dictionary<string, long> { [Remote] = connections(29) },
                Series = [.. Enumerable.Range(0, 30).Select(i => new ProcessPoint(i, 0.1, 200 + connections(i), connections(i)))],
            },
        };
    }
}
