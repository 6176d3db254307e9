using System.Net;

namespace Warmwire.Sockets;

/// <summary>A connected TCP socket as a stream: one read and one write may be pending at the same time.</summary>
internal abstract class SocketStream : Stream
{
    public abstract EndPoint? RemoteEndPoint { get; }

    public abstract bool HasInput { get; }

    public abstract bool NotifiesInput { get; }

    /// <summary>Whether a notice of input has not been read up yet; <see langword="false"/>: there was nothing when the socket was last heard of.</summary>
    public virtual bool MayHaveInput => true;

    public IInputWatcher? InputWatcher { get; set; }
}
