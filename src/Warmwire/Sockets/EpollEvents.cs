namespace Warmwire.Sockets;

/// <summary>What events of epoll mean for a socket.</summary>
internal static class EpollEvents
{
    public const uint Input = LibC.EPOLLIN | End;

    public const uint Output = LibC.EPOLLOUT | LibC.EPOLLHUP | LibC.EPOLLERR;

    /// <summary>The end and failures come once. What told of them makes reads try, without another word of the system.</summary>
    public const uint End = LibC.EPOLLRDHUP | LibC.EPOLLHUP | LibC.EPOLLERR;
}
