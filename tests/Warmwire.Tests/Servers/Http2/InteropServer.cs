using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>
/// A server of somebody else that gives the files <c>small</c> and <c>large</c>, answers <c>upload</c> with the length of what it read,
/// and <c>early/401</c>, <c>413</c> and <c>429</c> with that status, before it has read the request if it can. What a server cannot do
/// alone it asks of a Kestrel behind it, as such servers are used.
/// </summary>
internal sealed class InteropServer : IAsyncDisposable
{
    private readonly ChildServer? _child;
    private readonly KestrelServer? _kestrel;

    private InteropServer(Uri uri, ChildServer? child, KestrelServer? kestrel)
    {
        Uri = uri;
        _child = child;
        _kestrel = kestrel;
    }

    public Uri Uri { get; }

    /// <summary>It answers an upload with the upload, and has no early answers.</summary>
    public bool EchoesOnly { get; private init; }

    public static Task<InteropServer> StartAsync(string name) => name switch
    {
        "nghttpd" => StartNghttpdAsync(),
        "Node" => StartNodeAsync(megabytes: 100),
        "Node without room" => StartNodeAsync(megabytes: 1),
        "Go" => StartGoAsync(),
        "Kestrel" => StartKestrelAsync(),
        _ => StartInFrontAsync(name),
    };

    public async ValueTask DisposeAsync()
    {
        if (_child is not null)
        {
            await _child.DisposeAsync();
        }

        if (_kestrel is not null)
        {
            await _kestrel.DisposeAsync();
        }
    }

    private static async Task<InteropServer> StartNghttpdAsync()
    {
        ChildServer child = await ChildServer.StartNghttpdAsync(tls: false, "--echo-upload");
        return new InteropServer(child.Uri, child, kestrel: null) { EchoesOnly = true };
    }

    private static Task<InteropServer> StartNodeAsync(int megabytes) => StartAloneAsync("node", tls: false, (directory, port) =>
        [Repository.Path("tests/Warmwire.Tests/Servers/Http2/Programs/server.js"), $"{port}", directory, $"{megabytes}"]);

    private static async Task<InteropServer> StartGoAsync()
    {
        string program = await GoProgram.BuildAsync("nethttp.go");
        return await StartAloneAsync(program, tls: true, static (directory, port) => ["-port", $"{port}", "-dir", directory]);
    }

    private static async Task<InteropServer> StartAloneAsync(string program, bool tls, Func<string, int, string[]> prepare)
    {
        ChildServer child = await ChildServer.StartAsync(program, tls, prepare);
        return new InteropServer(child.Uri, child, kestrel: null);
    }

    private static async Task<InteropServer> StartKestrelAsync()
    {
        KestrelServer kestrel = await KestrelServer.StartAsync(AnswerAsync, new KestrelServerSettings
        {
            Protocols = HttpProtocols.Http2,

            // Twice as many may be under way in it, and what it does for requests that were given up ends later than they do.
            Configure = static kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = 1000,
        });
        return new InteropServer(kestrel.HttpUri, child: null, kestrel);
    }

    private static async Task<InteropServer> StartInFrontAsync(string name)
    {
        KestrelServer kestrel = await KestrelServer.StartAsync(AnswerAsync);
        string behind = kestrel.HttpUri.GetLeftPart(UriPartial.Authority);
        try
        {
            ChildServer child = name switch
            {
                "nginx" => await ChildServer.StartAsync(name, tls: true, (directory, port) => Nginx(directory, port, behind)),
                "h2o" => await ChildServer.StartAsync(name, tls: false, (directory, port) => H2o(directory, port, behind)),
                "apache2" => await ChildServer.StartAsync(name, tls: true, (directory, port) => Apache(directory, port, behind)),
                "haproxy" => await ChildServer.StartAsync(name, tls: false, (directory, port) => Haproxy(directory, port, behind)),
                "caddy" => await ChildServer.StartAsync(name, tls: true, (directory, port) => Caddy(directory, port, behind)),
                _ => throw new ArgumentOutOfRangeException(nameof(name)),
            };
            return new InteropServer(child.Uri, child, kestrel);
        }
        catch
        {
            await kestrel.DisposeAsync();
            throw;
        }
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        if (path == "/upload")
        {
            long length = 0;
            byte[] part = new byte[16 * 1024];
            while (await context.Request.Body.ReadAsync(part, context.RequestAborted) is > 0 and var read)
            {
                length += read;
            }

            await context.Response.WriteAsync($"{length}");
        }
        else if (path.StartsWith("/early/", StringComparison.Ordinal))
        {
            context.Response.StatusCode = int.Parse(path["/early/".Length..], CultureInfo.InvariantCulture);
            await context.Response.WriteAsync("no");
        }
        else
        {
            ReadOnlyMemory<byte> file = path == "/large" ? ChildServer.Large : "small"u8.ToArray();
            context.Response.ContentLength = file.Length;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await context.Response.Body.WriteAsync(file, context.RequestAborted);
            }
        }
    }

    private static string[] Nginx(string directory, int port, string behind)
    {
        File.WriteAllText(Path.Combine(directory, "conf"), $$"""
            daemon off; master_process off; pid {{directory}}/pid; error_log stderr;
            events { worker_connections 512; }
            http {
              access_log off; client_max_body_size 100m;
              client_body_temp_path {{directory}}; proxy_temp_path {{directory}}; fastcgi_temp_path {{directory}};
              uwsgi_temp_path {{directory}}; scgi_temp_path {{directory}};
              server {
                listen 127.0.0.1:{{port}} http2 ssl; root {{directory}}/files;
                ssl_certificate {{directory}}/cert.pem; ssl_certificate_key {{directory}}/key.pem;
                location /upload { proxy_pass {{behind}}; proxy_http_version 1.1; }
                location /early/401 { return 401 "no"; }
                location /early/413 { client_max_body_size 1k; proxy_pass {{behind}}; }
                location /early/429 { return 429 "no"; }
              }
            }
            """);
        return ["-p", directory, "-c", $"{directory}/conf"];
    }

    private static string[] H2o(string directory, int port, string behind)
    {
        string user = Environment.IsPrivilegedProcess ? "user: root\n" : "";
        File.WriteAllText(Path.Combine(directory, "conf"), $"""
            {user}num-threads: 1
            listen:
              host: 127.0.0.1
              port: {port}
            hosts:
              default:
                paths:
                  /upload:
                    proxy.reverse.url: "{behind}/upload"
                  /early:
                    proxy.reverse.url: "{behind}/early"
                  /:
                    file.dir: {directory}/files

            """);
        return ["-c", $"{directory}/conf"];
    }

    private static string[] Apache(string directory, int port, string behind)
    {
        // It refuses to serve as root, and whom it serves as must be able to read the files.
        string user = Environment.IsPrivilegedProcess ? "User www-data\nGroup www-data" : "";
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        string modules = string.Join('\n', new[] { "mpm_event", "authz_core", "alias", "proxy", "proxy_http", "ssl", "http2" }
            .Select(static name => $"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"));
        File.WriteAllText(Path.Combine(directory, "conf"), $"""
            {modules}
            {user}
            ServerRoot {directory}
            ServerName localhost
            PidFile {directory}/pid
            DefaultRuntimeDir {directory}
            ErrorLog /dev/stderr
            Listen 127.0.0.1:{port}
            Protocols h2 http/1.1
            SSLEngine on
            SSLCertificateFile {directory}/cert.pem
            SSLCertificateKeyFile {directory}/key.pem
            DocumentRoot {directory}/files
            <Directory {directory}/files>
              Require all granted
            </Directory>
            Redirect 401 /early/401
            Redirect 413 /early/413
            Redirect 429 /early/429
            ProxyPass /upload {behind}/upload
            """);
        return ["-D", "FOREGROUND", "-f", $"{directory}/conf"];
    }

    private static string[] Haproxy(string directory, int port, string behind)
    {
        File.WriteAllText(Path.Combine(directory, "conf"), $$"""
            defaults
              mode http
              timeout connect 10s
              timeout client 60s
              timeout server 60s
            frontend client
              bind 127.0.0.1:{{port}} proto h2
              http-request return status 401 content-type text/plain string "no" if { path /early/401 }
              http-request return status 413 content-type text/plain string "no" if { path /early/413 }
              http-request return status 429 content-type text/plain string "no" if { path /early/429 }
              default_backend behind
            backend behind
              server kestrel {{behind["http://".Length..]}}

            """);
        return ["-db", "-f", $"{directory}/conf"];
    }

    private static string[] Caddy(string directory, int port, string behind)
    {
        File.WriteAllText(Path.Combine(directory, "conf"), $$"""
            {
              admin off
              auto_https off
            }
            https://localhost:{{port}} {
              bind 127.0.0.1
              tls {{directory}}/cert.pem {{directory}}/key.pem
              root * {{directory}}/files
              respond /early/401 "no" 401
              respond /early/413 "no" 413
              respond /early/429 "no" 429
              reverse_proxy /upload {{behind}}
              file_server
            }

            """);
        return ["run", "--config", $"{directory}/conf", "--adapter", "caddyfile"];
    }
}
