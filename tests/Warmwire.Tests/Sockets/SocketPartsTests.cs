using System.Net.Sockets;
using System.Runtime.InteropServices;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Sockets;

/// <summary>The small parts of the event loop, each by itself.</summary>
public sealed class SocketPartsTests
{
    [Theory]
    [InlineData(true, 12, "04030201181716151413121100000000")]
    [InlineData(false, 16, "04030201000000001817161514131211")]
    public void An_epoll_event_is_laid_out_as_on_its_architecture(bool packed, int size, string hex)
    {
        var layout = new EpollLayout(packed);
        Assert.Equal(size, layout.Size);
        byte[] memory = new byte[16];
        layout.Write(memory.AsSpan(0, size), 0x01020304, 0x1112131415161718);
        Assert.Equal(hex, Convert.ToHexString(memory));
        layout.Read(memory.AsSpan(0, size), out uint events, out ulong data);
        Assert.Equal((0x01020304u, 0x1112131415161718ul), (events, data));
    }

    [Fact]
    public void The_layout_is_packed_on_x64_only() =>
        Assert.Equal(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16, EpollLayout.Current.Size);

    [Theory]
    [InlineData(104, SocketError.ConnectionReset)]
    [InlineData(32, SocketError.Shutdown)]
    [InlineData(110, SocketError.TimedOut)]
    [InlineData(111, SocketError.ConnectionRefused)]
    [InlineData(113, SocketError.HostUnreachable)]
    [InlineData(101, SocketError.NetworkUnreachable)]
    [InlineData(99, SocketError.AddressNotAvailable)]
    [InlineData(24, SocketError.TooManyOpenSockets)]
    [InlineData(23, SocketError.TooManyOpenSockets)]
    [InlineData(13, SocketError.AccessDenied)]
    [InlineData(1, SocketError.AccessDenied)]
    [InlineData(9, SocketError.OperationAborted)]
    [InlineData(11, SocketError.WouldBlock)]
    [InlineData(115, SocketError.InProgress)]
    [InlineData(105, SocketError.NoBufferSpaceAvailable)]
    [InlineData(9999, SocketError.SocketError)]
    public void Error_numbers_are_named_as_dotnet_names_them(int number, SocketError error)
    {
        Assert.Equal(error, SocketErrors.Of(number));
        Assert.Equal(error, SocketErrors.Exception(number).SocketErrorCode);
        Assert.Equal(error, Assert.IsType<SocketException>(SocketErrors.ReadFailed(number).InnerException).SocketErrorCode);
        Assert.Equal(error, Assert.IsType<SocketException>(SocketErrors.WriteFailed(number).InnerException).SocketErrorCode);
    }

    [Theory]
    [InlineData(null, null, true, "EventLoop")]
    [InlineData(null, null, false, "Managed")]
    [InlineData("epoll", null, true, "EventLoop")]
    [InlineData("epoll", false, true, "EventLoop")]
    [InlineData("epoll", null, false, "Managed")]
    [InlineData("managed", null, true, "Managed")]
    [InlineData("managed", true, true, "Managed")]
    [InlineData(null, true, true, "EventLoop")]
    [InlineData(null, false, true, "Managed")]
    [InlineData(null, true, false, "Managed")]
    [InlineData("nonsense", null, true, "EventLoop")]
    [InlineData("nonsense", false, true, "Managed")]
    [InlineData("", null, true, "EventLoop")]
    public void The_environment_goes_before_the_switch_and_the_switch_before_the_system(
        string? variable, bool? useEventLoop, bool fits, string expected) =>
        Assert.Equal(expected, SocketBackEnds.Choose(variable, useEventLoop, fits).ToString());

    [Fact]
    public void What_the_system_refuses_leaves_the_work_to_dotnets_sockets()
    {
        Assert.Null(EventLoopGroup.TryCreate(static () => throw SocketErrors.Exception(LibC.EPERM)));
        Assert.Null(EventLoopGroup.TryCreate(static () => throw new DllNotFoundException()));
        Assert.Null(EventLoopGroup.TryCreate(static () => throw new EntryPointNotFoundException()));
        Assert.Throws<InvalidOperationException>(static () => EventLoopGroup.TryCreate(static () => throw new InvalidOperationException()));
    }

    [Fact]
    public void A_descriptor_is_closed_once_by_the_last_who_leaves()
    {
        Assert.SkipUnless(SocketBackEnds.EventLoopFits, "The system calls are those of Linux.");
        var use = new DescriptorUse(LibC.EventDescriptor());
        Assert.True(use.TryEnter());
        Assert.True(use.TryEnter());
        Assert.True(use.Close());
        Assert.False(use.Close());
        Assert.True(use.IsClosed);
        Assert.False(use.TryEnter());
        use.Exit();
        Assert.True(IsOpen(use.Descriptor));
        use.Exit();
        Assert.False(IsOpen(use.Descriptor));

        var unused = new DescriptorUse(LibC.EventDescriptor());
        Assert.True(unused.Close());
        Assert.False(unused.TryEnter());
    }

    [Fact]
    public void An_edge_between_the_call_and_the_wait_is_not_lost()
    {
        var state = new HalfState();
        Assert.Equal(HalfState.Beginning.Begun, state.Begin());
        Assert.Equal(HalfState.Beginning.AlreadyBusy, state.Begin());
        Assert.False(state.TryTakeEdge(out _));
        Assert.Equal(HalfState.EdgeFound.Running, state.OnEdge(ended: false));
        Assert.False(state.TryArm());
        Assert.True(state.TryTakeEdge(out bool ended));
        Assert.False(ended);
        Assert.True(state.TryArm());
        Assert.Equal(HalfState.EdgeFound.Waiting, state.OnEdge(ended: true));
        Assert.Equal(HalfState.EdgeFound.Running, state.OnEdge(ended: true));
        state.End(ready: false, ended: false);
        Assert.True(state.TryTakeEdge(out ended));
        Assert.True(ended);
        Assert.True(state.IsQuiet);
        Assert.True(state.TryBeginArmed());
        Assert.True(state.TryWithdraw());
        Assert.False(state.TryWithdraw());
        Assert.Equal(HalfState.EdgeFound.Running, state.OnEdge(ended: false));
        state.End(ready: false, ended: false);
        Assert.Equal(HalfState.EdgeFound.Nothing, state.OnEdge(ended: false));
        Assert.False(state.TryBeginArmed());
    }

    [Fact]
    public void Only_one_of_edge_canceller_and_disposer_gets_what_waits()
    {
        for (int i = 0; i < 2_000; i++)
        {
            var holder = new Holder();
            Assert.True(holder.State.TryBeginArmed());
            int winners = 0;
            Parallel.Invoke(
                () => Interlocked.Add(ref winners, holder.State.OnEdge(ended: false) == HalfState.EdgeFound.Waiting ? 1 : 0),
                () => Interlocked.Add(ref winners, holder.State.TryWithdraw() ? 1 : 0),
                () => Interlocked.Add(ref winners, holder.State.Close() ? 1 : 0));
            Assert.Equal(1, winners);
            Assert.Equal(HalfState.EdgeFound.Closed, holder.State.OnEdge(ended: true));
            holder.State.End(ready: false, ended: false);
            Assert.Equal(HalfState.Beginning.Closed, holder.State.Begin());
        }
    }

    private static bool IsOpen(int descriptor) =>
        File.Exists($"/proc/self/fd/{descriptor}") || Directory.Exists($"/proc/self/fd/{descriptor}")
        || new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget is not null;

    private sealed class Holder
    {
        public HalfState State;
    }
}
