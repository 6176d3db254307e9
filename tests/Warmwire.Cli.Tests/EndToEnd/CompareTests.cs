using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

[Collection(MachineAlone.Name)]
public sealed class CompareTests
{
    [Fact]
    public async Task Over_http_the_bug_opens_a_connection_per_request_and_the_others_reuse_theirs()
    {
        using JsonDocument report = await CompareAsync("-n", "60", "-c", "4");
        Assert.Equal("http", report.RootElement.GetProperty("scheme").GetString());
        Assert.Equal(4, report.RootElement.GetProperty("concurrency").GetInt32());
        JsonElement[] rows = Rows(report);
        Assert.Equal(60, Count(rows[0], "connections"));
        Assert.Equal(0, rows[0].GetProperty("reusePercent").GetDouble());
        Assert.All(rows[1..], static row => Assert.InRange(Count(row, "connections"), 1, 8));
        Assert.All(rows, static row => Assert.Equal(0, Count(row, "tlsHandshakes")));
        Assert.All(rows, static row => Assert.True(row.GetProperty("cpuMicrosPerRequest").GetDouble() > 0));
        Assert.All(rows, static row => Assert.True(Count(row, "allocatedBytesPerRequest") > 0));
        Assert.All(rows, static row => Assert.True(row.GetProperty("p99Ms").GetDouble() >= row.GetProperty("p50Ms").GetDouble()));
        Assert.True(!OperatingSystem.IsLinux() || Count(rows[0], "timeWaitSockets") > 0);
        Assert.All(rows[1..], static row => Assert.Equal(0, Count(row, "timeWaitSockets")));
    }

    [Fact]
    public async Task Over_https_each_connection_is_a_handshake()
    {
        using JsonDocument report = await CompareAsync("-n", "60", "-c", "4", "--tls");
        Assert.Equal("https", report.RootElement.GetProperty("scheme").GetString());
        Assert.All(Rows(report), static row => Assert.Equal(Count(row, "connections"), Count(row, "tlsHandshakes")));
        Assert.Equal(60, Count(Rows(report)[0], "tlsHandshakes"));
    }

    [Fact]
    public async Task A_round_trip_is_paid_twice_by_a_new_connection_and_once_by_a_reused_one()
    {
        using JsonDocument report = await CompareAsync("-n", "60", "-c", "4", "--rtt", "20ms");
        Assert.Equal(20, report.RootElement.GetProperty("rttMs").GetDouble());
        JsonElement[] rows = Rows(report);
        Assert.True(rows[0].GetProperty("p50Ms").GetDouble() >= 38);
        Assert.All(rows[1..], static row => Assert.True(row.GetProperty("p50Ms").GetDouble() >= 18));
        Assert.Equal(60, Count(rows[0], "connections"));
    }

    [Fact]
    public async Task The_connections_of_a_foreign_server_are_counted_here()
    {
        using var server = new DyingServer(answers: int.MaxValue);
        using JsonDocument report = await CompareAsync("-n", "60", "-c", "4", "--url", server.Url);
        Assert.Equal(server.Url, report.RootElement.GetProperty("upstream").GetString());
        Assert.Equal(60, Count(Rows(report)[0], "connections"));
        Assert.All(Rows(report)[1..], static row => Assert.InRange(Count(row, "connections"), 1, 8));
    }

    [Fact]
    public async Task A_foreign_server_can_be_moved_away_too()
    {
        using var server = new DyingServer(answers: int.MaxValue);
        using JsonDocument report = await CompareAsync("-n", "20", "-c", "4", "--rtt", "20", "--url", server.Url);
        Assert.Equal(20, Count(Rows(report)[0], "connections"));
        Assert.True(Rows(report)[0].GetProperty("p50Ms").GetDouble() >= 38);
    }

    [Fact]
    public async Task For_a_person_there_is_a_table_and_a_sentence()
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("compare", "-n", "40", "-c", "4");
        Assert.Equal(("", 0), (outcome.Error, outcome.ExitCode));
        Assert.Contains(
            "A new handler per request opened 40 connections where the shared PooledHttpHandler opened",
            outcome.Output,
            StringComparison.Ordinal);
        Assert.DoesNotContain('\e', outcome.Output);
    }

    [Theory]
    [InlineData("there is no command 'foo'", "foo")]
    [InlineData("--requests must be", "compare", "-n", "x")]
    [InlineData("compare has no option '--bogus'", "compare", "--bogus")]
    public async Task Wrong_arguments_give_one_line_and_exit_code_2(string expected, params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(arguments);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith("warmwire: " + expected, Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreachable_url_gives_one_line_and_exit_code_2()
    {
        string url;
        using (var server = new DyingServer(answers: 0))
        {
            url = server.Url;
        }

        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("compare", "--url", url, "--json");
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith($"warmwire: could not connect to {url}: ", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_dies_in_mid_run_gives_one_line_and_exit_code_2()
    {
        // 60 requests warm the first row up; it dies in the middle of the 60 that are measured.
        using var server = new DyingServer(answers: 90);
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("compare", "--url", server.Url, "-n", "60", "-c", "4", "--json");
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith(
            "warmwire: row new-handler-per-request: the server stopped responding after 30 of 60 requests: ",
            Assert.Single(outcome.ErrorLines),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_only_refuses_gives_the_reason_and_exit_code_2()
    {
        using var server = new DyingServer(answers: int.MaxValue, status: "404 Not Found");
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync("compare", "--url", server.Url, "-n", "10", "-c", "2", "--json");
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal("warmwire: row new-handler-per-request: every request failed: HTTP 404 NotFound", Assert.Single(outcome.ErrorLines));
    }

    [Theory]
    [InlineData("compare --help")]
    [InlineData("--help")]
    [InlineData("--version")]
    public async Task Help_and_version_are_answered(string arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(arguments.Split(' '));
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.NotEmpty(outcome.Output);
        Assert.DoesNotContain("__", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_parts_end_when_it_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        using Process process = WarmwireProcess.Start("compare", "--rtt", "200ms", "--json");
        int[] parts = await WaitForChildrenAsync(process.Id, count: 3);
        process.Kill(entireProcessTree: false);
        await process.WaitForExitAsync();
        long start = Stopwatch.GetTimestamp();
        while (parts.Any(IsRunning))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5), "a part outlived its parent");
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Ctrl_C_ends_it_and_its_parts_with_130()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        Assert.SkipWhen(
            IgnoresInterrupts(),
            "the process that started the tests ignores SIGINT, as shells do for their background jobs, and that is inherited");
        using Process process = WarmwireProcess.Start("compare", "--rtt", "200ms", "--json");
        int[] parts = await WaitForChildrenAsync(process.Id, count: 3);

        // A terminal sends it to all of them.
        using (Process kill = Process.Start("kill", ["-INT", .. parts.Append(process.Id).Select(static id => $"{id}")]))
        {
            await kill.WaitForExitAsync();
        }

        long start = Stopwatch.GetTimestamp();
        WarmwireProcess.Outcome outcome = await WarmwireProcess.FinishAsync(process);
        Assert.Equal((130, "", ""), (outcome.ExitCode, outcome.Output, outcome.Error));
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(parts, IsRunning);
    }

    internal static bool IgnoresInterrupts()
    {
        const ulong Interrupt = 1 << (2 - 1);
        string ignored = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        return (ulong.Parse(ignored["SigIgn:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & Interrupt) != 0;
    }

    private static async Task<JsonDocument> CompareAsync(params string[] arguments)
    {
        WarmwireProcess.Outcome outcome = await WarmwireProcess.RunAsync(["compare", "--json", .. arguments]);
        Assert.Equal(("", 0), (outcome.Error, outcome.ExitCode));
        JsonDocument report = JsonDocument.Parse(outcome.Output);
        Assert.Equal(
            ["new-handler-per-request", "sockets-http-handler", "warmwire"],
            Rows(report).Select(static row => row.GetProperty("name").GetString()));
        int requests = report.RootElement.GetProperty("requests").GetInt32();
        Assert.All(Rows(report), row => Assert.Equal(requests, Count(row, "requests")));
        Assert.All(Rows(report), static row => Assert.Equal(0, Count(row, "errors")));
        return report;
    }

    private static JsonElement[] Rows(JsonDocument report) => [.. report.RootElement.GetProperty("rows").EnumerateArray()];

    private static long Count(JsonElement row, string member) => row.GetProperty(member).GetInt64();

    private static async Task<int[]> WaitForChildrenAsync(int parent, int count)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int[] children = [.. Directory.EnumerateDirectories($"/proc/{parent}/task")
                .SelectMany(static thread => ReadIfThere($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(static id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))];
            // A child has begun when the thread that waits for its parent's end is there.
            if (children.Length >= count && children.All(static id => HasThread(id, "parent")))
            {
                return children;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "the parts did not start");
            await Task.Delay(50);
        }
    }

    private static bool HasThread(int id, string name) => Directory.Exists($"/proc/{id}/task")
        && Directory.EnumerateDirectories($"/proc/{id}/task").Any(thread => ReadIfThere($"{thread}/comm").TrimEnd() == name);

    private static bool IsRunning(int id)
    {
        // "4711 (dotnet) Z …": a zombie has ended and waits to be asked for.
        string stat = ReadIfThere($"/proc/{id}/stat");
        return stat.Length > 0 && stat[stat.LastIndexOf(')') + 2] != 'Z';
    }

    /// <summary>A thread or process may end between being listed and being read.</summary>
    private static string ReadIfThere(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
