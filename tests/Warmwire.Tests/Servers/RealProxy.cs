using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Warmwire.Tests.Servers.Http2;

namespace Warmwire.Tests.Servers;

/// <summary>A proxy of somebody else as a child process: what a test says to it, and how.</summary>
internal sealed class RealProxy : IAsyncDisposable
{
    public const string User = "user";
    public const string Password = "password";

    /// <summary>
    /// Sends the second message of NTLM, a challenge of eight bytes and what a server calls itself, and accepts what is answered. The one
    /// that squid brings sends a challenge that .NET cannot read.
    /// </summary>
    private const string NtlmHelper = """
        while read -r command token; do
          case "$command" in
            YR) echo TT TlRMTVNTUAACAAAADAAMADgAAAA1goniASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUA\
        cgB2AGUAcgACAAwARABvAG0AYQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA= ;;
            KK) echo AF user ;;
            *) echo BH unknown ;;
          esac
        done

        """;

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

    /// <param name="name">The program, then what it speaks and wants: <c>squid</c>, <c>squid+digest</c>, <c>dante+socks4</c>.</param>
    public static async Task<RealProxy> StartAsync(string name) => name switch
    {
        "squid" => new RealProxy("http", false, await SquidAsync()),
        "squid+basic" => new RealProxy("http", true, await SquidAsync("basic")),
        "squid+digest" => new RealProxy("http", true, await SquidAsync("digest")),
        "squid+ntlm" => new RealProxy("http", true, await SquidAsync("ntlm")),
        "apache+digest" => new RealProxy("http", true, await ApacheAsync()),
        "tinyproxy" => new RealProxy("http", false, await TinyproxyAsync(credentials: false)),
        "tinyproxy+basic" => new RealProxy("http", true, await TinyproxyAsync(credentials: true)),
        "haproxy+squid" => await BehindHaproxyAsync(await SquidAsync(), credentials: false),
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

    private static Task<ChildServer> SquidAsync(string scheme = "") => ChildServer.StartAsync("squid", tls: false, (directory, port) =>
    {
        string helper = Path.Combine(directory, "helper");
        string known = Path.Combine(directory, "known");
        string access = scheme switch
        {
            "basic" => $"program /bin/sh {helper}\nauth_param basic realm squid",

            // Nonces are soon over, so each run has stale ones.
            "digest" => $"program /usr/lib/squid/digest_file_auth -c {known}\nauth_param digest realm squid\n"
                + "auth_param digest nonce_max_count 3\nauth_param digest check_nonce_count on",
            "ntlm" => $"program /bin/sh {helper}\nauth_param ntlm keep_alive on",
            _ => "",
        };
        access = scheme.Length == 0
            ? "http_access allow all"
            : $"""
                auth_param {scheme} {access}
                auth_param {scheme} children 1
                acl known proxy_auth REQUIRED
                http_access allow known
                http_access deny all
                """;
        File.WriteAllText(helper, scheme == "ntlm" ? NtlmHelper : """
            while read -r user password rest; do
              if [ "$user $password" = "user password" ]; then echo OK; else echo ERR; fi
            done

            """);
        File.WriteAllText(known, $"{User}:squid:{DigestSecret("squid")}\n");

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

    private static Task<ChildServer> ApacheAsync() => ChildServer.StartAsync("apache2", tls: false, (directory, port) =>
    {
        // It refuses to serve as root, and whom it serves as must be able to read the files.
        string user = Environment.IsPrivilegedProcess ? "User www-data\nGroup www-data" : "";
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        string modules = string.Join('\n', new[]
            {
                "mpm_event", "authn_core", "authz_core", "authz_user", "authn_file", "auth_digest", "proxy", "proxy_http", "proxy_connect",
            }.Select(static name => $"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"));
        File.WriteAllText($"{directory}/known", $"{User}:apache:{DigestSecret("apache")}\n");
        return Configure(directory, $"""
            {modules}
            {user}
            ServerRoot {directory}
            ServerName localhost
            PidFile {directory}/pid
            DefaultRuntimeDir {directory}
            ErrorLog /dev/stderr
            Listen 127.0.0.1:{port}
            ProxyRequests On
            AllowCONNECT 1-65535
            <Proxy "*">
              AuthType Digest
              AuthName "apache"
              AuthUserFile {directory}/known
              Require valid-user
            </Proxy>

            """, "-D", "FOREGROUND", "-f");
    });

    /// <summary>What a proxy that speaks Digest has in its file.</summary>
    private static string DigestSecret(string realm) => Convert.ToHexStringLower(
        CryptographicOperations.HashData(HashAlgorithmName.MD5, Encoding.UTF8.GetBytes($"{User}:{realm}:{Password}")));

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
