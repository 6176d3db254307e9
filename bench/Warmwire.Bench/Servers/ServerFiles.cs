using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Warmwire.Bench.Servers;

/// <summary>The files of the servers, in a folder that is removed at the end: certificate, key, bodies, configuration.</summary>
internal sealed class ServerFiles : IDisposable
{
    public ServerFiles()
    {
        WriteCertificate();
        WriteZeros("1m", 1L << 20);
        WriteZeros("1g", 1L << 30);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("warmwire-bench-").FullName;

    public string Certificate => Path.Combine(Folder, "certificate.pem");

    public string Key => Path.Combine(Folder, "key.pem");

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(Key, key.ExportPkcs8PrivateKeyPem());
    }

    private void WriteZeros(string name, long length)
    {
        // Sparse: it takes no room on the disk, and is served from memory.
        using FileStream file = File.Create(Path.Combine(Folder, name));
        file.SetLength(length);
    }
}
