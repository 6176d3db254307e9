using System.Net;

namespace Warmwire.Sockets;

/// <summary>
/// The connect of a socket of an event loop while it is under way. The socket's first event ends it, or the caller's token, or the disposal
/// of the stream: the one that takes it from the stream.
/// </summary>
/// <remarks>
/// What awaits it goes on where it is completed, on the loop. Only what ends it from outside must not run that on its own stack.
/// </remarks>
internal sealed class LoopConnect : TaskCompletionSource
{
    /// <summary>Takes over a socket whose connect has begun, and which is disposed if it fails.</summary>
    /// <param name="group">The loops that will tell of events.</param>
    /// <param name="descriptor">The socket; it belongs to the stream from here on, also if this throws.</param>
    /// <param name="remoteEndPoint">Where it leads.</param>
    /// <param name="connected">Whether it is connected already.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Stream> RunAsync(
        EventLoopGroup group,
        int descriptor,
        EndPoint remoteEndPoint,
        bool connected,
        CancellationToken cancellationToken)
    {
        LoopConnect? connect = connected ? null : new LoopConnect();
        var stream = new LoopSocketStream(group, descriptor, remoteEndPoint, connect);
        try
        {
            // The connect has begun before this, so that the first event is its end: a socket that does not connect yet is "hung up" to
            // epoll.
            int result = Register(group.Poll, stream);
            if (result < 0)
            {
                // Nobody will wait for it, so its disposal must not fail it.
                stream.TakeConnect();
                throw SocketErrors.Exception(-result);
            }

            if (connect is not null)
            {
                using (cancellationToken.UnsafeRegister(static (state, token) => Cancel((LoopSocketStream)state!, token), stream))
                {
                    await connect.Task.ConfigureAwait(false);
                }
            }

            return stream;
        }
        catch (Exception)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The socket has told something, so the system knows how the connect ended.</summary>
    public void Finish(ref DescriptorUse socket)
    {
        if (!socket.TryEnter())
        {
            TrySetException(new ObjectDisposedException(nameof(LoopSocketStream)));
            return;
        }

        int result = LibC.GetOption(socket.Descriptor, LibC.SOL_SOCKET, LibC.SO_ERROR, out int error);
        socket.Exit();
        if (result < 0 || error != 0)
        {
            TrySetException(SocketErrors.Exception(result < 0 ? -result : error));
        }
        else
        {
            TrySetResult();
        }
    }

    /// <summary>Ends it from outside.</summary>
    public void End(Exception reason) => ThreadPool.UnsafeQueueUserWorkItem(
        static ended =>
        {
            if (ended.reason is OperationCanceledException canceled)
            {
                ended.self.TrySetCanceled(canceled.CancellationToken);
            }
            else
            {
                ended.self.TrySetException(ended.reason);
            }
        },
        (self: this, reason),
        preferLocal: false);

    private static int Register(EventPoll poll, LoopSocketStream stream)
    {
        int result = -LibC.EPIPE;
        ref DescriptorUse socket = ref stream.Descriptor;
        if (socket.TryEnter())
        {
            result = poll.Register(stream, socket.Descriptor);
            socket.Exit();
        }

        return result;
    }

    private static void Cancel(LoopSocketStream stream, CancellationToken token) =>
        stream.TakeConnect()?.End(new OperationCanceledException(token));
}
