using Warmwire.Sockets;

namespace Warmwire.Tests.Sockets;

internal static class SocketOptions
{
    /// <summary>One of the options of a loop's socket, which are numbers.</summary>
    public static int GetOption(this LoopSocketStream stream, int level, int name)
    {
        ref DescriptorUse socket = ref stream.Descriptor;
        ObjectDisposedException.ThrowIf(!socket.TryEnter(), stream);
        int result = LibC.GetOption(socket.Descriptor, level, name, out int value);
        socket.Exit();
        return result < 0 ? throw SocketErrors.Exception(-result) : value;
    }
}
