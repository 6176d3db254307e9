using System.Net.Security;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Dialing;

/// <summary>The step of a dial that turns a connected stream into an authenticated one.</summary>
internal sealed class TlsHandshake(HandlerSettings settings)
{
    private readonly TlsOptions _options = new(settings);

    /// <summary>Takes over <paramref name="inner"/>: it is disposed with the result, or before a failure is thrown.</summary>
    public async Task<SslStream> RunAsync(Stream inner, DialRequest request, CancellationToken cancellationToken)
    {
        var stream = new SslStream(inner, leaveInnerStreamOpen: false);
        using var deadline = new DialDeadline(request.TlsHandshakeTimeout, settings.TimeProvider, cancellationToken);
        TraceCalls.Invoke(request.Trace?.TlsHandshakeStart);
        try
        {
            SslClientAuthenticationOptions options = _options.For(request.Key);
            await deadline.WaitAsync(AuthenticateAsync(stream, options, deadline.Token)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // This also ends a handshake whose stream does not look at its token.
            DialDeadline.DisposeQuietly(stream);
            TransportException failure = Explain(e, request, deadline);
            TraceCalls.Invoke<SslStream?, Exception?>(request.Trace?.TlsHandshakeDone, null, failure);
            deadline.ThrowIfPoolCancelled();
            throw failure;
        }

        TraceCalls.Invoke<SslStream?, Exception?>(request.Trace?.TlsHandshakeDone, stream, null);
        return stream;
    }

    private static async Task<bool> AuthenticateAsync(SslStream stream, SslClientAuthenticationOptions options, CancellationToken cancellationToken)
    {
        await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private TransportException Explain(Exception e, DialRequest request, DialDeadline deadline)
    {
        ConnectionKey key = request.Key;
        string target = _options.TargetNameFor(key);
        return deadline.Expired
            ? DialFailure.Timeout(key, HttpRequestError.SecureConnectionError, TransportPhase.Tls, DialErrorTexts.TlsTimedOut(key.HostAndPort, target, request.TlsHandshakeTimeout), e)
            : DialFailure.Of(key, HttpRequestError.SecureConnectionError, TransportPhase.Tls, DialErrorTexts.TlsFailed(key.HostAndPort, target, e), e);
    }
}
