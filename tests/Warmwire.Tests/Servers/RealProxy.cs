using System.Globalization;
using System.Net;
using Warmwire.Tests.Servers.Http2;

namespace Warmwire.Tests.Servers;

/// <summary>A proxy of somebody else as a child process: what a test says to it, and how.</summary>
internal sealed class RealProxy : IAsyncDisposable
{
    public const string User = "user";
    public const string Password = "password";

    private readonly ChildServer[] _servers;

    private RealProxy(string scheme, bool wantsCredentials, params ChildServer[] servers)
    {
        _servers = servers;
        Address = new Uri($"{scheme}://localhost:{servers[0].Uri.Port}");
        WantsCredentials = wantsCredentials;
    }

    public Uri Address { get; }

    public bool WantsCredentials { get; }

    public IWebProxy Setting(bool withCredentials) => new WebProxy(Address)
    {
        Credentials = withCredentials ? new NetworkCredential(User, Password) : null,
    };

    /// <param name="name">The program, then what it speaks and wants: <c>squid</c>, <c>squid+basic</c>, <c>dante+socks4</c>.</param>
    public static async Task<RealProxy> StartAsync(string name) => name switch
    {
        "squid" => new RealProxy("http", false, await SquidAsync(credentials: false)),
        "squid+basic" => new RealProxy("http", true, await SquidAsync(credentials: true)),
        "tinyproxy" => new RealProxy("http", false, await TinyproxyAsync(credentials: false)),
        "tinyproxy+basic" => new RealProxy("http", true, await TinyproxyAsync(credentials: true)),
        "haproxy+squid" => await BehindHaproxyAsync(await SquidAsync(credentials: false), credentials: false),
        "haproxy+tinyproxy+basic" => await BehindHaproxyAsync(await TinyproxyAsync(credentials: true), credentials: true),
        "microsocks" => new RealProxy("socks5", false, await MicrosocksAsync(credentials: false)),
        "microsocks+name" => new RealProxy("socks5", true, await MicrosocksAsync(credentials: true)),
        "dante+socks4" => new RealProxy("socks4", false, await DanteAsync()),
        "dante+socks5" => new RealProxy("socks5", false, await DanteAsync()),
        _ => throw new ArgumentException(name, nameof(name)),
    };

    public async ValueTask DisposeAsync()
    {
        foreach (ChildServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>TLS of the client ends here, and what comes out of it goes to the other.</summary>
    private static async Task<RealProxy> BehindHaproxyAsync(ChildServer other, bool credentials)
    {
        try
        {
            ChildServer haproxy = await ChildServer.StartAsync("haproxy", tls: true, (directory, port) =>
            {
                string both = Path.Combine(directory, "both.pem");
                foreach (string part in (string[])["cert.pem", "key.pem"])
                {
                    File.AppendAllText(both, File.ReadAllText(Path.Combine(directory, part)) + "\n");
                }

                return Configure(directory, $"""
                    defaults
                      mode tcp
                      timeout connect 10s
                      timeout client 60s
                      timeout server 60s
                    listen secured
                      bind 127.0.0.1:{port} ssl crt {both}
                      server other 127.0.0.1:{other.Uri.Port}

                    """, "-f");
            });
            return new RealProxy("https", credentials, haproxy, other);
        }
        catch
        {
            await other.DisposeAsync();
            throw;
        }
    }

    private static Task<ChildServer> SquidAsync(bool credentials) => ChildServer.StartAsync("squid", tls: false, (directory, port) =>
    {
        string helper = Path.Combine(directory, "helper");
        File.WriteAllText(helper, """
            while read -r user password rest; do
              if [ "$user $password" = "user password" ]; then echo OK; else echo ERR; fi
            done

            """);
        string access = credentials
            ? $"""
                auth_param basic program /bin/sh {helper}
                auth_param basic children 1
                auth_param basic realm squid
                acl known proxy_auth REQUIRED
                http_access allow known
                http_access deny all
                """
            : "http_access allow all";

        // Started as root, it goes on as somebody who has to read the folder.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        return Configure(directory, $"""
            http_port 127.0.0.1:{port}
            pid_filename none
            cache deny all
            cache_log /dev/null
            access_log none
            cache_store_log none
            coredump_dir {directory}
            visible_hostname squid.test
            pinger_enable off
            netdb_filename none
            shutdown_lifetime 0 seconds
            {access}

            """, "-N", "-f");
    });

    private static Task<ChildServer> TinyproxyAsync(bool credentials) => ChildServer.StartAsync(
        "tinyproxy",
        tls: false,
        (directory, port) => Configure(directory, $"""
            Port {port}
            Listen 127.0.0.1
            Timeout 60
            MaxClients 100
            LogLevel Critical
            {(credentials ? $"BasicAuth {User} {Password}" : "")}

            """, "-d", "-c"));

    private static Task<ChildServer> MicrosocksAsync(bool credentials) => ChildServer.StartAsync("microsocks", tls: false, (_, port) =>
    [
        "-i", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture),
        .. credentials ? ["-u", User, "-P", Password] : Array.Empty<string>(),
    ]);

    private static Task<ChildServer> DanteAsync() => ChildServer.StartAsync("danted", tls: false, (directory, port) =>
        Configure(directory, $$"""
            logoutput: stderr
            errorlog: stderr
            internal: 127.0.0.1 port = {{port}}
            external: 127.0.0.1
            clientmethod: none
            socksmethod: none
            user.privileged: root
            user.unprivileged: nobody
            client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
            socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }

            """, "-N", "1", "-f"));

    private static string[] Configure(string directory, string text, params string[] options)
    {
        string file = Path.Combine(directory, "conf");
        File.WriteAllText(file, text);
        return [.. options, file];
    }
}
