using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Cli.Serving;

namespace Warmwire.Cli.Measuring;

/// <summary>Makes the handlers that are compared, all with the same settings.</summary>
internal sealed class HandlerFactory
{
    private readonly RowOrder _order;
    private readonly RowTarget _target;
    private readonly ConnectionCount _count;

    public HandlerFactory(RowOrder order, RowTarget target, ConnectionCount count)
    {
        _order = order;
        _target = target;
        _count = count;
    }

    public SocketsHttpHandler CreateSocketsHttpHandler()
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false };
        if (_order.CountConnections)
        {
            handler.ConnectCallback = _count.ConnectAndCountAsync;
        }

        if (_order.Thumbprint is not null)
        {
            handler.SslOptions = Pinned(_order.Thumbprint);
        }

        return handler;
    }

    public PooledHttpHandler CreatePooledHttpHandler()
    {
        var handler = new PooledHttpHandler { UseProxy = false, UseCookies = false };
        if (_target.ConnectPort is not null)
        {
            handler.ConnectCallback = _count.ConnectAndCountAsync;
        }

        if (_order.Thumbprint is not null)
        {
            handler.SslOptions = Pinned(_order.Thumbprint);
        }

        return handler;
    }

    public HttpClient CreateClient(HttpMessageHandler handler) => new(handler, disposeHandler: true)
    {
        Timeout = TimeSpan.FromMilliseconds(_order.TimeoutMs),
    };

    private static SslClientAuthenticationOptions Pinned(string thumbprint) => new()
    {
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            certificate is not null && SelfSignedCertificate.Thumbprint(certificate) == thumbprint,
    };
}
