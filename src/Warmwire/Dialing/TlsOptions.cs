using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>
/// The TLS options of each dial: a copy of <see cref="PooledHttpHandler.SslOptions"/> with the route's own values over it.
/// </summary>
/// <remarks>
/// A fresh copy costs no resumption: .NET keeps sessions per target name in the contexts it caches by what options say, not by which object
/// says it. It keeps none if there is a <see cref="SslClientAuthenticationOptions.LocalCertificateSelectionCallback"/> or, on Linux, a
/// <see cref="SslClientAuthenticationOptions.CipherSuitesPolicy"/>.
/// </remarks>
internal sealed class TlsOptions(HandlerSettings settings)
{
    private readonly ConditionalWeakTable<X509Certificate2, SslStreamCertificateContext> _certificateContexts = [];

    public SslClientAuthenticationOptions For(Route route, bool http1Only = false, CallerContext? caller = null)
    {
        SslClientAuthenticationOptions options = settings.SslOptions is { } given ? Copy(given) : new SslClientAuthenticationOptions();
        options.ApplicationProtocols = http1Only || route.Protocols == ProtocolOffer.Http1
            ? [SslApplicationProtocol.Http11]
            : [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];
        options.TargetHost = TargetNameFor(route);
        if (route.ClientCertificate is { } certificate)
        {
            if (!certificate.HasPrivateKey)
            {
                throw new AuthenticationException(DialErrorTexts.ClientCertificateWithoutKey(certificate.Subject));
            }

            // Given as a context, not in a collection, it is sent whichever issuers the server names. Nothing is downloaded to complete its
            // chain.
            options.ClientCertificateContext = _certificateContexts.GetValue(
                certificate,
                static target => SslStreamCertificateContext.Create(target, additionalCertificates: null, offline: true));
            options.ClientCertificates = null;
            options.LocalCertificateSelectionCallback = null;
        }

        if (caller is not null)
        {
            RunCallbacksIn(caller, options);
        }

        return options;
    }

    /// <summary>
    /// The route has it. A <see cref="SslClientAuthenticationOptions.TargetHost"/> of the handler is in it, where the request has no
    /// <see cref="TransportOptions.TlsServerName"/>.
    /// </summary>
    public static string TargetNameFor(Route route) => WithoutLastDot(route.TlsHost ?? route.Host);

    /// <summary>
    /// For the proxy, which speaks HTTP/1.1 and proves its own name. As in .NET it is given the application's callbacks and certificates; a
    /// <see cref="SslClientAuthenticationOptions.TargetHost"/> and the certificate of one request are meant for the server.
    /// </summary>
    public SslClientAuthenticationOptions For(ProxyHop proxy, CallerContext? caller)
    {
        SslClientAuthenticationOptions options = settings.SslOptions is { } given ? Copy(given) : new SslClientAuthenticationOptions();
        options.ApplicationProtocols = [SslApplicationProtocol.Http11];
        options.TargetHost = TargetNameFor(proxy);
        if (caller is not null)
        {
            RunCallbacksIn(caller, options);
        }

        return options;
    }

    public static string TargetNameFor(ProxyHop proxy) => WithoutLastDot(proxy.Host);

    /// <summary>Without the dot that ends an absolute name: neither SNI (RFC 6066 §3) nor a certificate has it.</summary>
    private static string WithoutLastDot(string name) => name is [_, .., '.'] ? name[..^1] : name;

    private static void RunCallbacksIn(CallerContext caller, SslClientAuthenticationOptions options)
    {
        if (options.RemoteCertificateValidationCallback is { } validate)
        {
            options.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
                CallerContext.Run(caller, () => validate(sender, certificate, chain, errors));
        }

        if (options.LocalCertificateSelectionCallback is { } select)
        {
            options.LocalCertificateSelectionCallback = (sender, host, ours, remote, issuers) =>
                CallerContext.Run(caller, () => select(sender, host, ours, remote, issuers));
        }
    }

    public static SslClientAuthenticationOptions Copy(SslClientAuthenticationOptions from)
    {
        var copy = new SslClientAuthenticationOptions
        {
            AllowRenegotiation = from.AllowRenegotiation,
            AllowTlsResume = from.AllowTlsResume,
            ApplicationProtocols = from.ApplicationProtocols,
            CertificateChainPolicy = from.CertificateChainPolicy,
            CertificateRevocationCheckMode = from.CertificateRevocationCheckMode,
            CipherSuitesPolicy = from.CipherSuitesPolicy,
            ClientCertificateContext = from.ClientCertificateContext,
            ClientCertificates = from.ClientCertificates,
            EnabledSslProtocols = from.EnabledSslProtocols,
            EncryptionPolicy = from.EncryptionPolicy,
            LocalCertificateSelectionCallback = from.LocalCertificateSelectionCallback,
            RemoteCertificateValidationCallback = from.RemoteCertificateValidationCallback,
            TargetHost = from.TargetHost,
        };
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            copy.AllowRsaPkcs1Padding = from.AllowRsaPkcs1Padding;
            copy.AllowRsaPssPadding = from.AllowRsaPssPadding;
        }

        return copy;
    }
}
