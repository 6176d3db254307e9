using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>A server of somebody else as a child process on loopback, with files to serve; gone at the latest with the test.</summary>
internal sealed class ChildServer : IAsyncDisposable
{
    /// <summary>Test processes beside each other begin at different places.</summary>
    private static int _lastPort = Environment.ProcessId * 97;

    private readonly Process _process;
    private readonly DirectoryInfo _directory;

    private ChildServer(Process process, DirectoryInfo directory, Uri uri)
    {
        _process = process;
        _directory = directory;
        Uri = uri;
    }

    /// <summary>What the file <c>large</c> holds.</summary>
    public static byte[] Large { get; } = MakeLarge();

    public Uri Uri { get; }

    public static Task<ChildServer> StartNginxAsync(bool tls, int perConnection = 1000) => StartAsync("nginx", tls, (directory, port) =>
    {
        string secure = tls ? $"ssl_certificate {directory}/cert.pem; ssl_certificate_key {directory}/key.pem;" : "";
        File.WriteAllText(Path.Combine(directory, "conf"), $$"""
            daemon off; master_process off; pid {{directory}}/pid; error_log stderr;
            events { worker_connections 512; }
            http {
              access_log off; client_max_body_size 100m; keepalive_requests {{perConnection}};
              client_body_temp_path {{directory}}; proxy_temp_path {{directory}}; fastcgi_temp_path {{directory}};
              uwsgi_temp_path {{directory}}; scgi_temp_path {{directory}};
              server {
                listen 127.0.0.1:{{port}} http2{{(tls ? " ssl" : "")}}; {{secure}} root {{directory}}/files;
                location /discard { return 200 "discarded"; }
              }
            }
            """);
        return ["-p", directory, "-c", $"{directory}/conf"];
    });

    public static Task<ChildServer> StartH2oAsync(bool tls) => StartAsync("h2o", tls, (directory, port) =>
    {
        string secure = tls ? $"\n  ssl: {{ certificate-file: {directory}/cert.pem, key-file: {directory}/key.pem }}" : "";
        string user = Environment.IsPrivilegedProcess ? "user: root\n" : "";
        File.WriteAllText(Path.Combine(directory, "conf"), $"""
            {user}num-threads: 1
            listen:
              host: 127.0.0.1
              port: {port}{secure}
            hosts:
              default:
                paths:
                  /:
                    file.dir: {directory}/files

            """);
        return ["-c", $"{directory}/conf"];
    });

    public static Task<ChildServer> StartNghttpdAsync(bool tls, params string[] options) => StartAsync("nghttpd", tls, (directory, port) =>
    [
        "-a", "127.0.0.1", "-d", $"{directory}/files", .. options, .. tls ? Array.Empty<string>() : ["--no-tls"], port.ToString(
            CultureInfo.InvariantCulture),
        .. tls ? [$"{directory}/key.pem", $"{directory}/cert.pem"] : Array.Empty<string>(),
    ]);

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>Starts a program that listens at the port it is told.</summary>
    /// <param name="name">The program's name, or where it is.</param>
    /// <param name="tls">Whether it speaks TLS.</param>
    /// <param name="prepare">Writes what it needs into a folder, is given the port, and gives the arguments.</param>
    public static async Task<ChildServer> StartAsync(string name, bool tls, Func<string, int, string[]> prepare)
    {
        string? binary = Find(name);
        Assert.SkipWhen(binary is null, $"{name} is not installed.");
        DirectoryInfo directory = Directory.CreateTempSubdirectory("warmwire-");
        int port = FreePort();
        WriteFiles(directory.FullName);
        var info = new ProcessStartInfo(binary) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["HOME"] = directory.FullName;
        foreach (string argument in prepare(directory.FullName, port))
        {
            info.ArgumentList.Add(argument);
        }

        var output = new System.Text.StringBuilder();
        var process = new Process { StartInfo = info };
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new ChildServer(process, directory, new Uri($"{(tls ? "https" : "http")}://localhost:{port}/"));
        try
        {
            await Eventually.IsTrue(() => process.HasExited || Listens(port), $"{name} listens");
            Assert.False(process.HasExited, $"{name} ended: {output}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        void Note(string? line)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }

    private static void WriteFiles(string directory)
    {
        string files = Directory.CreateDirectory(Path.Combine(directory, "files")).FullName;
        File.WriteAllText(Path.Combine(files, "small"), "small");
        File.WriteAllText(Path.Combine(files, "empty"), "");
        File.WriteAllBytes(Path.Combine(files, "large"), Large);
        using X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(
            TestCertificates.Server.Export(X509ContentType.Pkcs12), password: null, X509KeyStorageFlags.Exportable);
        string key = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        File.WriteAllText(Path.Combine(directory, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(directory, "key.pem"), key);
    }

    /// <summary>Where a program is, if it is installed.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(["/usr/sbin", "/usr/local/sbin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>
    /// A port below those the system gives out by itself: between this look and the child's own bind, which nginx tries for seconds, a
    /// server of another test could be given it, and would be taken for the child because it listens.
    /// </summary>
    private static int FreePort()
    {
        const int First = 12_000;
        const int Count = 16_000;
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _lastPort) % Count);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody's; the next one.
            }
        }
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

    private static byte[] MakeLarge()
    {
        byte[] bytes = new byte[5_000_000];
        new Random(5).NextBytes(bytes);
        return bytes;
    }
}
