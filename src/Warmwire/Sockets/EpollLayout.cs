using System.Runtime.InteropServices;

namespace Warmwire.Sockets;

/// <summary>
/// The layout of <c>struct epoll_event</c>: 32 bits of events and 64 of data, packed on x64 only, so that the data begins at byte 4 there
/// and at byte 8 elsewhere.
/// </summary>
internal readonly struct EpollLayout(bool packed)
{
    private readonly int _dataOffset = packed ? 4 : 8;

    public static EpollLayout Current { get; } = new(RuntimeInformation.ProcessArchitecture == Architecture.X64);

    public int Size => _dataOffset + sizeof(ulong);

    public void Write(Span<byte> memory, uint events, ulong data)
    {
        _ = BitConverter.TryWriteBytes(memory, events);
        _ = BitConverter.TryWriteBytes(memory[_dataOffset..], data);
    }

    public void Read(ReadOnlySpan<byte> memory, out uint events, out ulong data)
    {
        events = MemoryMarshal.Read<uint>(memory);
        data = MemoryMarshal.Read<ulong>(memory[_dataOffset..]);
    }
}
