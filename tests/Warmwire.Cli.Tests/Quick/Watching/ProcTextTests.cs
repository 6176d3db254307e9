using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Watching;
using Warmwire.Cli.Sockets;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Watching;

public sealed class ProcTextTests
{
    private const string Fields = "S 9984 9984 31436 0 -1 4194304 99 0 0 0 120 34 0 0 20 0 17 0 3499056 3133440 408 "
        + "18446744073709551615 94591472398336 94591472418217 0";

    private const string Tcp = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10 1 0000000000000000 100 0 0 10 0
           1: 0100007F:9C40 0100007F:1388 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 20 4 30 10 -1
           2: 0100007F:9C41 0100007F:1388 02 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 20 4 30 10 -1
           3: 0100007F:9C42 0200007F:1388 08 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 20 4 30 10 -1
           4: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0000000000000000 20 4 30 10 -1
           5: 0100007F:9C43 0100007F:1388 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 20 4 30 10 -1
           6: 0100007F:9C44 0100007F:1388 06 00000000:00000000 03:000017A2 00000000     0        0 0 3 0000000000000000
           7: 0100007F:1F90 0100007F:C351 06 00000000:00000000 03:000017A2 00000000     0        0 0 3 0000000000000000
           8: 0100007F:9C45 0100007F:1388 05 00000000:00000000 00:00000000 00000000     0        0 15 2 0000000000000000
        """;

    private const string Tcp6 = """
          sl local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode
           0: 00000000000000000000000001000000:9C40 00000000000000000000000001000000:1388 01 00000000:00000000 00:00000000 00000000 0 0 21
           1: 0000000000000000FFFF00000100007F:9C46 0000000000000000FFFF00000100007F:1388 01 00000000:00000000 00:00000000 00000000 0 0 22
        """;

    [Theory]
    [InlineData("server")]
    [InlineData("a name (with) parentheses")]
    [InlineData(") S 1 2 3 (")]
    [InlineData("")]
    public void A_process_may_have_any_name(string name) => Assert.Equal(
        new ProcessStat(name, Parent: 9984, CpuTicks: 154, Threads: 17, StartTime: 3499056, ResidentPages: 408, IsAlive: true),
        ProcessStat.Parse($"9989 ({name}) {Fields}\n"));

    [Fact]
    public void A_process_that_nobody_waited_for_is_not_alive() => Assert.False(ProcessStat.Parse($"9989 (x) Z{Fields[1..]}").IsAlive);

    [Theory]
    [InlineData("")]
    [InlineData("1 (x) S 2 3")]
    [InlineData(")(")]
    [InlineData("no parentheses")]
    public void What_is_no_status_is_refused(string text) => Assert.Throws<FormatException>(() => ProcessStat.Parse(text));

    [Fact]
    public void Sockets_are_told_apart_by_who_made_them()
    {
        var census = new SocketCensus([10, 11, 12, 13, 14, 15, 21, 22]);
        foreach (string line in (Tcp + "\n" + Tcp6).Split('\n'))
        {
            census.Take(line);
        }

        Assert.Equal([8080], census.OwnPorts);
        Assert.Equal(1, census.Incoming(census.OwnPorts));
        Assert.Equal(
            new Dictionary<string, int> { ["127.0.0.1:5000"] = 3, ["127.0.0.2:5000"] = 1, ["[::1]:5000"] = 1 },
            ByRemote.Text(census.Outgoing(census.OwnPorts).CountBy(static socket => socket.Remote)));
        Assert.Equal(new Dictionary<string, int> { ["127.0.0.1:5000"] = 1 }, ByRemote.Text(census.TimeWait()));
    }

    [Fact]
    public void A_line_is_a_socket_only_if_all_of_it_is_there()
    {
        string whole = Tcp.Split('\n')[2];
        Assert.True(TcpLine.TryParse(whole, out TcpLine socket));
        Assert.Equal(
            (40_000, "127.0.0.1:5000", TcpState.Established, 11L),
            (socket.LocalPort, socket.Remote.ToString(), socket.State, socket.Inode));
        int inode = whole.IndexOf(" 11 ", StringComparison.Ordinal);
        for (int length = 0; length <= inode; length++)
        {
            Assert.False(TcpLine.TryParse(whole.AsSpan(0, length), out _));
        }
    }

    [Theory]
    [InlineData("socket:[8741483]", 8741483L)]
    [InlineData("pipe:[8741483]", null)]
    [InlineData("/dev/null", null)]
    [InlineData("socket:[x]", null)]
    [InlineData(null, null)]
    public void Links_of_sockets_name_their_inode(string? target, long? inode) => Assert.Equal(inode, ProcFolder.SocketInode(target));

    [Fact]
    public void Only_the_most_called_addresses_are_named()
    {
        Dictionary<string, long> named = ByRemote.Text(
            Enumerable.Range(1, 150).Select(static i => KeyValuePair.Create(new TcpRemote(0x0100007F, false, i), (long)i)));
        Assert.Equal(101, named.Count);
        Assert.Equal((150L, 51L, 50L * 51 / 2), (named["127.0.0.1:150"], named["127.0.0.1:51"], named[ByRemote.Others]));
    }

    [Fact]
    public void Clock_ticks_are_found_among_what_the_kernel_tells()
    {
        Assert.Equal(250, ClockTicks.Find(MemoryMarshal.AsBytes<nuint>([6, 4096, 17, 250, 0, 0])));
        Assert.Equal(100, ClockTicks.Find([]));
    }

    [Fact]
    public void A_series_halves_itself_and_keeps_peaks_and_averages()
    {
        var series = new ProcessSeries();
        for (int i = 0; i < 5_000; i++)
        {
            series.Add(new ProcessPoint(i * 0.25, Cores: i % 2, Descriptors: i, Outgoing: i == 1_234 ? 77 : 5));
        }

        IReadOnlyList<ProcessPoint> points = series.Points;
        Assert.InRange(points.Count, 300, 600);
        Assert.Equal((0.0, 4_999, 77), (points[0].At, points[^1].Descriptors, points.Max(static point => point.Outgoing)));
        Assert.All(points, static point => Assert.Equal(0.5, point.Cores, tolerance: 0.01));
        Assert.Equal(points.Select(static point => point.At).Order(), points.Select(static point => point.At));
    }
}
