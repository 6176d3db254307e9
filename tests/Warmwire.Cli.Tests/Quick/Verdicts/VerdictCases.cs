using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;

namespace Warmwire.Cli.Tests.Quick.Verdicts;

/// <summary>What a result has to show for a sentence to be said.</summary>
internal static class VerdictCases
{
    /// <summary>A result, and the sentence that a type says of it; <see langword="null"/> where it says nothing.</summary>
    public static IReadOnlyDictionary<string, (IVerdict Verdict, QuickResult Result, string? Sentence)> All { get; } = Make();

    private static Dictionary<string, (IVerdict Verdict, QuickResult Result, string? Sentence)> Make()
    {
        var all = new Dictionary<string, (IVerdict, QuickResult, string?)>(StringComparer.Ordinal);
        IEnumerable<(string, IVerdict, QuickResult, string?)> cases =
            OfRun().Concat(OfConnections()).Concat(OfClosing()).Concat(OfOutcome()).Concat(OfLoad());
        foreach ((string name, IVerdict verdict, QuickResult result, string? sentence) in cases)
        {
            all.Add($"{verdict.GetType().Name}: {name}", (verdict, result, sentence));
        }

        return all;
    }

    private static IEnumerable<(string Name, IVerdict Verdict, QuickResult Result, string? Sentence)> OfRun() =>
    [
        ("all shards", new MissingShards(), Run(10, 1), null),
        ("one missing", new MissingShards(), Run(10, 1) with { MissingShards = [new RunPart("a", "1/2")] },
            "A part of the run is missing: shard 1/2 of run a."),
        ("some responses", new NoResponse(), Run(10, 1) with { Responses = 1 }, null),
        ("no response", new NoResponse(), Run(10, 1) with { Responses = 0 },
            "Not one of 10 requests got a response, so no figure describes the server."),
        ("no request", new NoResponse(), Run(0, 0), "No request was sent."),
    ];

    private static IEnumerable<(string Name, IVerdict Verdict, QuickResult Result, string? Sentence)> OfConnections() =>
    [
        ("several", new ConnectionUse(), Run(9000, 12, peak: 10), "9,000 requests used 12 connections, at most 10 open at a time."),
        ("one", new ConnectionUse(), Run(1, 1), "1 request used 1 connection, at most 1 open at a time."),
        ("none", new ConnectionUse(), Run(2, 0), "2 requests were sent and no connection was opened."),
        ("no request", new ConnectionUse(), Run(0, 0), null),

        ("not asked for", new NewConnections(), Run(10, 10), null),
        ("each had one", new NewConnections(), New(Run(10, 10)),
            "Each had a new connection, as --new-connection-per-request asks: that is what creating a client per request costs."),
        ("some had none", new NewConnections(), New(With(Run(300, 129), static c => c with { Exchanges = 129 })),
            "Each request that got a connection had a new one, as --new-connection-per-request asks; 171 got none."),
        ("some shared one", new NewConnections(), New(Run(300, 129)),
            "--new-connection-per-request asks for a new connection each, but 57.0 % of requests went over a used one."),

        ("good", new Reuse(), Run(9000, 12), "99.8 % of requests reused a connection."),
        ("not all", new Reuse(), Run(100_000, 1), "99.9 % of requests reused a connection."),
        ("the best of few requests", new Reuse(), Run(5, 1),
            "80.0 % of requests reused a connection, and none was opened in place of a closed one."),
        ("a share that a double rounds down", new Reuse(), Run(25, 8, peak: 4), "Only 68.0 % of requests reused a connection."),
        ("bad", new Reuse(), Run(100, 60, peak: 5), "Only 40.0 % of requests reused a connection."),
        ("none of replaced ones", new Reuse(), Run(100, 100, peak: 5), "No connection was reused."),
        ("none because all were in use", new Reuse(), Run(100, 100),
            "No connection was reused: each was still in use when the next was needed."),
        ("a single request", new Reuse(), Run(1, 1), null),
        ("asked for", new Reuse(), New(Run(10, 10)), null),

        ("a stall", new GrownConnections(), Grown(201, allBusy: 200), "The number of connections grew to 201 because responses were "
            + "outstanding: at 100/s and a median of 0.7 ms, 1 would do, but the slowest took 2000 ms."),
        ("as many as the rate needs", new GrownConnections(), Slow(Grown(201, allBusy: 200), 1500), null),
        ("few", new GrownConnections(), Grown(9, allBusy: 8), null),
        ("opened for another reason", new GrownConnections(), Grown(201, allBusy: 20), null),
    ];

    private static IEnumerable<(string Name, IVerdict Verdict, QuickResult Result, string? Sentence)> OfClosing() =>
    [
        ("none", new Closes(), Run(10, 1), null),
        ("by both", new Closes(), Closed(("IdleTimeout", 1), ("ServerClosed", 2)),
            "During the run the server closed 2 connections and the client closed 1 (ServerClosed 2, IdleTimeout 1). ServerClosed: the "
                + "server ended it, idle or in an exchange; if idle, its idle timeout is short. IdleTimeout: idle too long, as after a "
                + "burst; or the server's Keep-Alive header asks for a short idle time."),
        ("a reason of another version", new Closes(), Closed(("Bored", 1)),
            "During the run the server closed 0 connections and the client closed 1 (Bored 1)."),
        ("as asked", new Closes(), New(Closed(("Lifetime", 10))), null),
        ("not as asked", new Closes(), New(Closed(("Lifetime", 10), ("Http10", 1))),
            "During the run the server closed 1 connection and the client closed 0 (Http10 1). Http10: the server, or a proxy before it, "
                + "speaks HTTP/1.0 without keep-alive."),

        ("all in TIME_WAIT", new PortsReused(), TimeWait(100, 95, 10), null),
        ("ports used again", new PortsReused(), TimeWait(2000, 1672, 10), "Of 2,000 connections that the client closed, 1,672 were in "
            + "TIME_WAIT at the end: later connections use the ports of the others, or these ended with a reset."),
        ("after a minute", new PortsReused(), TimeWait(2000, 1672, 300), "Of 2,000 connections that the client closed, 1,672 were in "
            + "TIME_WAIT at the end: the others have left it, which takes a minute, or later connections use their ports."),
        ("not to be seen", new PortsReused(), TimeWait(2000, null, 10), null),
    ];

    private static IEnumerable<(string Name, IVerdict Verdict, QuickResult Result, string? Sentence)> OfOutcome() =>
    [
        ("none", new Failures(), Run(10, 1), null),
        ("the most frequent", new Failures(), Run(10, 1) with
        {
            Errors = new Dictionary<string, long> { ["Timeout.Connect"] = 1, ["ResponseEnded"] = 3 },
            ErrorExamples = new Dictionary<string, string> { ["ResponseEnded"] = "it was closed" },
        }, "4 of 10 requests got no complete response; most often ResponseEnded (3). Last message of ResponseEnded: it was closed"),
        ("none", new ReplaySafeFailures(), Run(10, 1), null),
        ("some", new ReplaySafeFailures(), Run(10, 1) with
        {
            Errors = new Dictionary<string, long> { ["ResponseEnded"] = 3 }, ReplaySafeErrors = 2,
        }, "A client that replays what is safe to replay would not have seen 2 of these errors: it would have sent the request again. "
            + "quick never does."),
        ("none", new UnansweredRequests(), Run(10, 1), null),
        ("one", new UnansweredRequests(), Run(10, 1) with { Unanswered = 1 },
            "1 request was under way when the run was ended and unanswered a second later; the latencies contain the time that they had "
                + "waited."),
        ("none", new BadStatuses(), Codes(("200", 10)), null),
        ("some", new BadStatuses(), Codes(("200", 7), ("404", 1), ("503", 2)), "3 of 10 responses had a status of 400 or above."),
        ("none", new RedirectsNotFollowed(), Codes(("200", 9), ("304", 1)), null),
        ("some", new RedirectsNotFollowed(), Codes(("200", 7), ("301", 1), ("302", 2)),
            "3 of 10 responses were redirects (301, 302), which are not followed; give the URL that they lead to."),
    ];

    private static IEnumerable<(string Name, IVerdict Verdict, QuickResult Result, string? Sentence)> OfLoad() =>
    [
        ("no request", new PlannedRate(), Run(0, 0), null),
        ("kept up", new PlannedRate(), Rate(30, 30), "Sent 30 of the planned 30 requests/s; the load generator kept up."),
        ("of arrivals", new PlannedRate(), Target(Rate(30, 30), static target => target with { RequestsPerArrival = 5 }),
            "Started 30 of the planned 30 arrivals/s; the load generator kept up."),
        ("limited", new PlannedRate(), Rate(20, 30) with { GeneratorLimited = true }, "Sent 20 of the planned 30 requests/s."),
        ("limited by --max-connections", new PlannedRate(), Limited(5, 200), "Sent 30 of the planned 30 requests/s."),
        ("not limited", new GeneratorLimit(), Rate(30, 30), null),
        ("late by itself", new GeneratorLimit(), Late(Busy(0.97, 1.9)),
            "The load generator was a limit, so the figures do not describe the server alone: 1 % of requests were sent at least 12 ms "
                + "late."),
        ("late on a busy machine", new GeneratorLimit(), Late(Busy(0.97, 0.1)),
            "This machine was a limit, so the figures do not describe the server alone: 1 % of requests were sent at least 12 ms late."),
        ("others", new BusyMachine(), Busy(0.97, 0.1), "The CPUs of this machine were 97 % busy; quick used 0.1 of 2 cores and other "
            + "processes the rest, the server if it runs here: latencies contain waits for a CPU."),
        ("itself", new BusyMachine(), Busy(0.97, 1.4), null),
        ("not busy", new BusyMachine(), Busy(0.5, 0.1), null),
        ("not known", new BusyMachine(), Busy(null, 0.1), null),
        ("none", new ConnectionLimit(), Rate(30, 30), null),
        ("waited for", new ConnectionLimit(), Limited(5, 200), "--max-connections was a limit: 5 of at most 5 connections were open, and "
            + "requests waited for one. 1 % of responses waited at least 200 ms for one."),
        ("reached and not waited for", new ConnectionLimit(), Limited(5, 0.2), null),
        ("never got one", new ConnectionLimit(), Limited(5, 0) with { Errors = new Dictionary<string, long> { ["Timeout.Queue"] = 7 } },
            "--max-connections was a limit: 5 of at most 5 connections were open, and requests waited for one. 7 requests got none within "
                + "--timeout."),
        ("hidden by the uncorrected", new WaitInClient(), P99(1800, 40),
            "p99: 1800 ms from schedule, 40 ms from send; the difference was waiting in the client."),
        ("about the same", new WaitInClient(), P99(50, 40), null),
        ("a small difference", new WaitInClient(), P99(0.9, 0.3), null),
        ("a part of p99", new StartDelay(), Delayed(P99(2, 1), 0.32),
            "The load generator started 1 % of arrivals at least 0.32 ms late, which is up to 16 % of the corrected p99."),
        ("a small part", new StartDelay(), Delayed(P99(20, 19), 0.32), null),
        ("nothing came", new StartDelay(), Delayed(Run(0, 0), 0), null),
    ];

    private static QuickResult Run(long requests, long opened, long? peak = null)
    {
        QuickResult empty = QuickResults.Empty();
        return empty with
        {
            Requests = requests,
            Responses = requests,
            Connections = empty.Connections with
            {
                Opened = opened,
                PeakOpen = peak ?? opened,
                ReuseRatio = requests == 0 ? 0 : (double)(requests - opened) / requests,
                Exchanges = requests,
            },
        };
    }

    private static QuickResult With(QuickResult result, Func<ConnectionsResult, ConnectionsResult> change)
    {
        ConnectionsResult changed = change(result.Connections);
        return result with { Connections = changed with { ReuseRatio = (double)(changed.Exchanges - changed.Opened) / changed.Exchanges } };
    }

    private static QuickResult Target(QuickResult result, Func<TargetResult, TargetResult> change) =>
        result with { Target = change(result.Target) };

    private static QuickResult New(QuickResult result) => Target(result, static target => target with { NewConnectionPerRequest = true });

    private static QuickResult Grown(long peak, long allBusy) => Slow(
        With(Run(1200, peak), connections => connections with { DialedBy = new Dictionary<string, long> { ["AllBusy"] = allBusy } })
            with { AchievedRate = 100 },
        0.7);

    private static QuickResult Slow(QuickResult result, double median) => result with
    {
        LatencyMs = result.LatencyMs with { Uncorrected = result.LatencyMs.Uncorrected with { P50 = median, Max = 2000 } },
    };

    private static QuickResult Closed(params (string Reason, long Count)[] reasons) => With(
        Run(100, 10),
        connections => connections with
        {
            ClosedBy = reasons.ToDictionary(static reason => reason.Reason, static reason => reason.Count, StringComparer.Ordinal),
        });

    private static QuickResult TimeWait(long closed, int? left, double seconds) =>
        With(Run(5000, 2500), connections => connections with { ClosedByClient = closed, TimeWait = left })
            with { ElapsedSeconds = seconds };

    private static QuickResult Codes(params (string Code, long Count)[] codes) => Run(10, 1) with
    {
        Codes = codes.ToDictionary(static code => code.Code, static code => code.Count, StringComparer.Ordinal),
    };

    private static QuickResult Rate(double achieved, double planned) =>
        Target(Run(10, 1) with { AchievedRate = achieved }, target => target with { Rate = planned });

    private static QuickResult Busy(double? busy, double cores) =>
        Run(10, 1) with { Cpu = QuickResults.Empty().Cpu with { MachineBusy = busy, Cores = cores, AvailableCores = 2 } };

    private static QuickResult Late(QuickResult result) =>
        result with { GeneratorLimited = true, GeneratorLimits = ["1 % of requests were sent at least 12 ms late."] };

    private static QuickResult Limited(int connections, double wait)
    {
        QuickResult result = Rate(30, 30);
        return Target(result, target => target with { MaxConnections = connections }) with
        {
            Connections = result.Connections with { PeakOpen = connections },
            PhasesMs = result.PhasesMs with { Queue = result.PhasesMs.Queue with { P99 = wait } },
        };
    }

    private static QuickResult P99(double corrected, double uncorrected)
    {
        QuickResult result = Run(10, 1);
        return result with
        {
            LatencyMs = new LatencyResult
            {
                Corrected = result.LatencyMs.Corrected with { P99 = corrected, Count = 10 },
                Uncorrected = result.LatencyMs.Corrected with { P99 = uncorrected },
            },
        };
    }

    private static QuickResult Delayed(QuickResult result, double p99) =>
        result with { StartDelayMs = result.StartDelayMs with { P99 = p99 } };

    private static QuickResult Watched(long went, bool ended = false)
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
        return Run(900, 4) with
        {
            Process = new ProcessResult
            {
                Pid = 7, Name = "shop", CpuSeconds = 1, CpuMicrosPerRequest = 1111, Before = none, During = none, After = none,
                OutgoingSeen = new Dictionary<string, long>(), Ended = ended,
                TimeWaitSeen = new Dictionary<string, long> { ["10.0.0.2:443"] = 3, ["10.0.0.1:443"] = went },
            },
        };
    }
}
