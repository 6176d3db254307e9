using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Sockets;
using Warmwire.Cli.Tests.EndToEnd;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Watching;

public sealed class ProcessWatchTests
{
    /// <summary>
    /// Bash opens sockets itself: it makes as many connections as it is told, closes as many as it is told, and answers each command. It
    /// does not end by itself before its input does.
    /// </summary>
    private const string Script = """
        open() { exec {fd}<>"/dev/tcp/127.0.0.1/$1"; fds+=("$fd"); }
        close() { fd="${fds[-1]}"; unset 'fds[-1]'; exec {fd}>&-; }
        fds=()
        while read -r command port count; do
            for ((i = 0; i < count; i++)); do $command "$port"; done
            echo done
        done
        """;

    [Fact]
    public async Task What_the_process_does_until_the_load_begins_is_what_was_before()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using Process process = StartBash(Script);
        try
        {
            await TellAsync(process, "true 0 1");
            using var asked = new SemaphoreSlim(0);
            var time = new FakeTime();
            int begun = 0;
            await using ProcessWatch watch = ProcessWatch.Start(
                process.Id,
                () =>
                {
                    asked.Release();
                    return Volatile.Read(ref begun) - 1;
                },
                time);
            await TellAsync(process, $"open {PortOf(listener)} 2");
            await TellAsync(process, ": 0 300000");
            await SamplesAsync(time, asked);
            Volatile.Write(ref begun, 1);
            ProcessResult result = await watch.FinishAsync(1);

            // Two connections and some tenths of a second of counting, all of it before.
            Assert.Equal(2, result.Before.Outgoing.Values.Sum());
            Assert.Equal(2, result.During.Outgoing.Values.Sum());
            Assert.InRange(result.CpuSeconds, 0, 0.1);
            Assert.All(result.Series, static point => Assert.True(point.At >= 0));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Connections_of_a_process_are_counted_before_during_and_after()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using var one = new TcpListener(IPAddress.Loopback, 0);
        using var other = new TcpListener(IPAddress.Loopback, 0);
        one.Start();
        other.Start();
        using Process process = StartBash(Script);
        try
        {
            await TellAsync(process, "true 0 1");
            using var asked = new SemaphoreSlim(0);
            var time = new FakeTime();
            int points = 0;
            await using ProcessWatch watch = ProcessWatch.Start(
                process.Id,
                () =>
                {
                    asked.Release();
                    return ++points;
                },
                time);
            await TellAsync(process, $"open {PortOf(one)} 4");
            await TellAsync(process, $"open {PortOf(other)} 1");
            await TellAsync(process, ": 0 50000");
            await SamplesAsync(time, asked);
            await TellAsync(process, $"close 0 3");
            ProcessResult result = await watch.FinishAsync(1_000);

            Assert.Equal((process.Id, "bash", false), (result.Pid, result.Name, result.Ended));
            Assert.Empty(result.Before.Outgoing);
            Assert.Equal(
                new Dictionary<string, int> { [$"127.0.0.1:{PortOf(one)}"] = 4, [$"127.0.0.1:{PortOf(other)}"] = 1 },
                result.During.Outgoing);
            Assert.Equal(new Dictionary<string, int> { [$"127.0.0.1:{PortOf(one)}"] = 2 }, result.After.Outgoing);
            Assert.Equal(
                new Dictionary<string, long> { [$"127.0.0.1:{PortOf(one)}"] = 4, [$"127.0.0.1:{PortOf(other)}"] = 1 }, result.OutgoingSeen);
            Assert.Equal(result.Before.Descriptors + 2, result.After.Descriptors);
            Assert.Equal((0, 1), (result.After.Incoming, result.After.Threads));
            Assert.InRange(result.After.ResidentMegabytes, 0.5, 500);
            Assert.InRange(result.CpuSeconds, 0.01, 60); // counting to 50000 in bash
            Assert.Equal(result.CpuSeconds * 1_000, result.CpuMicrosPerRequest, tolerance: 0.001);
            Assert.NotEmpty(result.Series);
            Assert.Equal(5, result.Series.Max(static point => point.Outgoing));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Connections_made_to_a_process_are_no_outgoing_ones()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using var listener = new TcpListener(IPAddress.IPv6Any, 0) { Server = { DualMode = true } };
        listener.Start();
        await using ProcessWatch watch = ProcessWatch.Start(Environment.ProcessId, static () => 0, TimeProvider.System);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, PortOf(listener), TestContext.Current.CancellationToken);
        using TcpClient accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        ProcessResult result = await watch.FinishAsync(0);

        Assert.Equal(1, result.After.Outgoing[$"127.0.0.1:{PortOf(listener)}"]);
        Assert.DoesNotContain($"127.0.0.1:{((IPEndPoint)client.Client.LocalEndPoint!).Port}", result.After.Outgoing.Keys);
        Assert.InRange(result.After.Incoming, 1, int.MaxValue);
        Assert.Equal(0, result.CpuMicrosPerRequest);
    }

    [Fact]
    public async Task A_process_that_ends_has_nothing_after()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using Process process = StartBash("read -r line");
        await using ProcessWatch watch = ProcessWatch.Start(process.Id, static () => 0, TimeProvider.System);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        ProcessResult result = await watch.FinishAsync(10);
        Assert.True(result.Ended);
        Assert.Equal((0, 0, 0), (result.After.Descriptors, result.After.Threads, result.After.Outgoing.Count));
        Assert.InRange(result.Before.Descriptors, 3, 100);
        Assert.StartsWith("The process exited before the run ended", Assert.Single(result.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Children_are_followed_also_those_that_start_during_the_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        const string Parent = """
            read -r port
            bash -c 'exec {fd}<>"/dev/tcp/127.0.0.1/$0"; echo open; read -r; for ((
                i = 0; i < 50000; i++)); do :; done; echo end; read -r' "$port"
            read -r
            """;
        using Process process = StartBash(Parent);
        try
        {
            await using ProcessWatch watch = ProcessWatch.Start(process.Id, static () => 0, TimeProvider.System);
            await process.StandardInput.WriteLineAsync($"{PortOf(listener)}");
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            Assert.Equal("open", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            await process.StandardInput.WriteLineAsync();
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            Assert.Equal("end", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            ProcessResult result = await watch.FinishAsync(1);
            Assert.Empty(result.Before.Outgoing);
            Assert.Equal(new Dictionary<string, int> { [$"127.0.0.1:{PortOf(listener)}"] = 1 }, result.After.Outgoing);
            Assert.Equal(KeyValuePair.Create("bash", 1), Assert.Single(result.Descendants));
            Assert.Equal(2, result.After.Threads);
            Assert.InRange(result.CpuSeconds, 0.01, 60);
            Assert.Empty(result.Notes);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task Sockets_in_TIME_WAIT_are_named_only_for_addresses_that_the_process_used()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using var used = new TcpListener(IPAddress.Loopback, 0);
        using var foreign = new TcpListener(IPAddress.Loopback, 0);
        used.Start();
        foreign.Start();
        using Process process = StartBash(Script);
        try
        {
            await TellAsync(process, "true 0 1");
            using var asked = new SemaphoreSlim(0);
            var time = new FakeTime();
            await using ProcessWatch watch = ProcessWatch.Start(
                process.Id,
                () =>
                {
                    asked.Release();
                    return 0;
                },
                time);
            await TellAsync(process, $"open {PortOf(used)} 2");
            await SamplesAsync(time, asked);
            await TellAsync(process, "close 0 2");
            for (int i = 0; i < 2; i++)
            {
                (await used.AcceptSocketAsync(TestContext.Current.CancellationToken)).Dispose();
            }

            for (int i = 0; i < 5; i++)
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, PortOf(foreign), TestContext.Current.CancellationToken);
                using Socket accepted = await foreign.AcceptSocketAsync(TestContext.Current.CancellationToken);
                client.Close();
                Assert.Equal(0, await accepted.ReceiveAsync(new byte[1], SocketFlags.None, TestContext.Current.CancellationToken));
            }

            await Eventually.IsTrue(
                () => TcpTable.Read(PortOf(used)).TimeWait == 2 && TcpTable.Read(PortOf(foreign)).TimeWait == 5,
                "all sockets are in TIME_WAIT");
            ProcessResult result = await watch.FinishAsync(1);
            string address = $"127.0.0.1:{PortOf(used)}";
            Assert.Equal(new Dictionary<string, long> { [address] = 2 }, result.TimeWaitSeen);
            Assert.Equal(new Dictionary<string, int> { [address] = 2 }, result.After.TimeWait);
            if (SocketEnds.MayAsk(process.Id))
            {
                Assert.Empty(result.OtherTimeWait);
            }
            else
            {
                Assert.InRange(Assert.Single(result.OtherTimeWait).Value, 5, int.MaxValue);
            }
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task The_process_that_listens_on_a_port_is_found()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        using UpstreamProcess server = await UpstreamProcess.StartAsync();
        Assert.True(ListeningProcess.TryFind(server.Port, out int pid, out string? problem), problem);
        await using ProcessWatch watch = ProcessWatch.Start(pid, static () => 0, TimeProvider.System, server.Port);
        ProcessResult result = await watch.FinishAsync(1);
        Assert.Equal((server.Pid, server.Port, false), (result.Pid, result.ListensOn, result.Ended));

        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int free = PortOf(closed);
        closed.Stop();
        Assert.False(ListeningProcess.TryFind(free, out _, out problem));
        Assert.Equal($"no process of this machine listens on port {free}", problem);
    }

    [Theory]
    [InlineData(true, "http://localhost:1/")]
    [InlineData(true, "http://127.0.0.9/")]
    [InlineData(true, "http://[::1]/")]
    [InlineData(true, "http://shop.localhost/")]
    [InlineData(false, "http://192.0.2.1/")]
    [InlineData(false, "http://example.com/")]
    public void A_url_is_on_this_machine_if_its_host_says_so(bool isHere, string url) =>
        Assert.Equal(isHere, ListeningProcess.IsOnThisMachine(new Uri(url)));

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(int.MaxValue)]
    public void A_process_that_is_not_there_is_told(int pid)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        CommandFailure failure = Assert.Throws<CommandFailure>(() => ProcessWatch.Start(pid, static () => 0, TimeProvider.System));
        Assert.Equal($"--pid {pid}: there is no such process", failure.Message);
    }

    [Fact]
    public async Task Without_a_finish_it_stops_too()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc");
        ProcessWatch watch = ProcessWatch.Start(Environment.ProcessId, static () => 0, TimeProvider.System);
        await watch.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    private static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Until a sample has begun and ended that began after this call: two more have asked for the time.</summary>
    private static async Task SamplesAsync(FakeTime time, SemaphoreSlim asked)
    {
        while (asked.Wait(0, TestContext.Current.CancellationToken))
        {
        }

        for (int i = 0; i < 2; i++)
        {
            // The watch waits for its next sample, by this clock, when it has ended the one before.
            await Eventually.IsTrue(() => time.PendingTimers > 0, "the watch waits for its next sample");
            time.Advance(TimeSpan.FromSeconds(1));
            await asked.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
    }

    private static async Task TellAsync(Process process, string command)
    {
        await process.StandardInput.WriteLineAsync(command);
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal("done", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
    }

    private static Process StartBash(string script)
    {
        var info = new ProcessStartInfo("bash") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        info.ArgumentList.Add("-c");
        info.ArgumentList.Add(script);
        return Process.Start(info)!;
    }
}
