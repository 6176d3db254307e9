using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Warmwire.Tests.Kit;

/// <summary>Certificates made when first needed and kept nowhere.</summary>
public static class TestCertificates
{
    private static readonly Lazy<X509Certificate2> s_server = new(() => Create("localhost", "1.3.6.1.5.5.7.3.1"));
    private static readonly Lazy<X509Certificate2> s_client = new(() => Create("client", "1.3.6.1.5.5.7.3.2"));

    /// <summary>Proves localhost, server.test, *.server.test, 127.0.0.1 and ::1; signed by itself.</summary>
    public static X509Certificate2 Server => s_server.Value;

    /// <summary>For client authentication; signed by itself.</summary>
    public static X509Certificate2 Client => s_client.Value;

    /// <summary>What a client needs in order to trust <see cref="Server"/>, and nothing else.</summary>
    public static SslClientAuthenticationOptions Trusting() => new()
    {
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { Server },
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
    };

    /// <summary>What a server needs in order to present <see cref="Server"/>.</summary>
    public static SslServerAuthenticationOptions Presenting(params SslApplicationProtocol[] protocols) => new()
    {
        ServerCertificate = Server,
        ApplicationProtocols = [.. protocols],
    };

    /// <summary>The same, with a signature of RSASSA-PSS.</summary>
    public static SslServerAuthenticationOptions PresentingPss()
    {
        using var key = RSA.Create(2048);
        return new()
        {
            ServerCertificate = Create(
                new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
                "localhost",
                "1.3.6.1.5.5.7.3.1"),
        };
    }

    private static X509Certificate2 Create(string name, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Create(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256), name, usage);
    }

    private static X509Certificate2 Create(CertificateRequest request, string name, string usage)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddDnsName("server.test");
        names.AddDnsName("*.server.test");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));

        using X509Certificate2 ephemeral = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));

        // Some systems cannot use a key that was never stored; importing the certificate stores it.
        return X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), password: null);
    }
}
