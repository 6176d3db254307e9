using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>The openssl program as a TLS server: it sends alerts that SslStream does not.</summary>
internal sealed class OpenSslServer : IDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _directory;

    private OpenSslServer(Process process, DirectoryInfo directory, int port)
    {
        _process = process;
        _directory = directory;
        Port = port;
    }

    public int Port { get; }

    public static async Task<OpenSslServer> StartAsync(params string[] options)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "The openssl program is not installed.");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("warmwire-openssl-");
        await File.WriteAllTextAsync(Path.Combine(directory.FullName, "cert.pem"), TestCertificates.Server.ExportCertificatePem());
        using (var key = TestCertificates.Server.GetECDsaPrivateKey())
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "key.pem"), key!.ExportPkcs8PrivateKeyPem());
        }

        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        int port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        string[] arguments =
        [
            "s_server", "-accept", $"127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", "-cert", "cert.pem", "-key", "key.pem",
                "-quiet", "-www",
            .. options,
        ];
        var start = new ProcessStartInfo("/usr/bin/openssl", arguments)
        {
            WorkingDirectory = directory.FullName,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new OpenSslServer(process, directory, port);
        await Eventually.IsTrue(() => process.HasExited || Listens(port), "openssl listens");
        return server;
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private static bool Listens(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
