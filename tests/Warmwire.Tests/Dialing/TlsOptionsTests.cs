using System.Net.Security;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class TlsOptionsTests
{
    [Fact]
    public void Every_property_of_the_options_is_copied()
    {
        using X509Certificate2 certificate = TlsPeer.Certificate("client.example");
        var values = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            [nameof(SslClientAuthenticationOptions.AllowRenegotiation)] = false,
            [nameof(SslClientAuthenticationOptions.AllowRsaPkcs1Padding)] = false,
            [nameof(SslClientAuthenticationOptions.AllowRsaPssPadding)] = false,
            [nameof(SslClientAuthenticationOptions.AllowTlsResume)] = false,
            [nameof(SslClientAuthenticationOptions.ApplicationProtocols)] =
                new List<SslApplicationProtocol> { SslApplicationProtocol.Http3 },
            [nameof(SslClientAuthenticationOptions.CertificateChainPolicy)] = new X509ChainPolicy(),
            [nameof(SslClientAuthenticationOptions.CertificateRevocationCheckMode)] = X509RevocationMode.Offline,
            [nameof(SslClientAuthenticationOptions.ClientCertificateContext)] =
                SslStreamCertificateContext.Create(certificate, null, offline: true),
            [nameof(SslClientAuthenticationOptions.ClientCertificates)] = new X509CertificateCollection(),
            [nameof(SslClientAuthenticationOptions.EnabledSslProtocols)] = SslProtocols.Tls12,
            [nameof(SslClientAuthenticationOptions.EncryptionPolicy)] = Enum.ToObject(typeof(EncryptionPolicy), 1),
            [nameof(SslClientAuthenticationOptions.LocalCertificateSelectionCallback)] =
                new LocalCertificateSelectionCallback(static (_, _, _, _, _) => null!),
            [nameof(SslClientAuthenticationOptions.RemoteCertificateValidationCallback)] =
                new RemoteCertificateValidationCallback(static (_, _, _, _) => true),
            [nameof(SslClientAuthenticationOptions.TargetHost)] = "target.example",
        };
        if (OperatingSystem.IsLinux())
        {
            values[nameof(SslClientAuthenticationOptions.CipherSuitesPolicy)] =
                new CipherSuitesPolicy([TlsCipherSuite.TLS_AES_128_GCM_SHA256]);
        }

        var given = new SslClientAuthenticationOptions();
        var untouched = new SslClientAuthenticationOptions();
        PropertyInfo[] properties = typeof(SslClientAuthenticationOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        foreach (PropertyInfo property in properties)
        {
            Assert.True(
                values.TryGetValue(property.Name, out object? value), $"{property.Name} is new: copy it in TlsOptions and set it here.");
            Assert.NotEqual(property.GetValue(untouched), value);
            property.SetValue(given, value);
        }

        SslClientAuthenticationOptions copy = TlsOptions.Copy(given);

        Assert.NotSame(given, copy);
        Assert.All(properties, property => Assert.Equal(property.GetValue(given), property.GetValue(copy)));
    }

    [Fact]
    public void A_dial_changes_its_own_copy_only()
    {
        var given = new SslClientAuthenticationOptions { ApplicationProtocols = [SslApplicationProtocol.Http2] };
        var options = new TlsOptions(new HandlerSettings { SslOptions = given });

        SslClientAuthenticationOptions one = options.For(new Route(true, "192.0.2.1", 443, "one.example"));
        SslClientAuthenticationOptions two = options.For(new Route(true, "two.example", 443));

        Assert.Equal(("one.example", "two.example", null), (one.TargetHost, two.TargetHost, given.TargetHost));
        Assert.Equal(SslApplicationProtocol.Http11, Assert.Single(one.ApplicationProtocols!));
        Assert.Equal(SslApplicationProtocol.Http2, Assert.Single(given.ApplicationProtocols));
    }

    [Fact]
    public void The_certificate_of_the_key_takes_the_place_of_every_other()
    {
        using X509Certificate2 certificate = TlsPeer.Certificate("client.example");
        using X509Certificate2 other = TlsPeer.Certificate("other.example");
        var options = new TlsOptions(new HandlerSettings
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [other],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => other,
            },
        });
        var key = new Route(true, "one.example", 443, clientCertificate: certificate);

        SslClientAuthenticationOptions made = options.For(key);

        Assert.Equal(certificate, made.ClientCertificateContext!.TargetCertificate);
        Assert.Null(made.ClientCertificates);
        Assert.Null(made.LocalCertificateSelectionCallback);
        Assert.Same(made.ClientCertificateContext, options.For(key).ClientCertificateContext);
    }
}
