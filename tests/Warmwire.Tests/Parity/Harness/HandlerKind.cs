namespace Warmwire.Tests.Parity;

internal enum HandlerKind
{
    SocketsHttpHandler,
    PooledHttpHandler,
}
