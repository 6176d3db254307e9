using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options that say how connections get to the target: addresses, sockets, proxies and client certificates.</summary>
internal sealed class RouteOptions
{
    private static readonly string[] s_proxySchemes = ["http", "https", "socks4", "socks4a", "socks5"];

    private readonly Option<string[]> _resolve = new("--resolve")
    {
        Description = "Connect to this address (or several, with commas) for HOST and PORT; may be given several times.",
        HelpName = "HOST:PORT:ADDRESS",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _unixSocket = new("--unix-socket")
    {
        Description = "Connect to this Unix domain socket in place of the URL's host.",
        HelpName = "PATH",
    };

    private readonly Option<string?> _proxy = new("--proxy")
    {
        Description = "Send through this proxy: an http, https, socks4, socks4a or socks5 URL, with user and password if it wants them.",
        HelpName = "URL",
    };

    private readonly Option<string?> _certificate = new("--cert")
    {
        Description = "The client certificate: a PEM or PKCS #12 file.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _key = new("--cert-key")
    {
        Description = "The private key of --cert, a PEM file. [default: the file of --cert]",
        HelpName = "FILE",
    };

    private readonly Option<string?> _passwordVariable = new("--cert-password-env")
    {
        Description = "The environment variable that has the password of --cert or --cert-key.",
        HelpName = "NAME",
    };

    public void AddTo(Command command)
    {
        command.Add(_resolve);
        command.Add(_unixSocket);
        command.Add(_proxy);
        command.Add(_certificate);
        command.Add(_key);
        command.Add(_passwordVariable);
        command.Validators.Add(result =>
        {
            bool Has(Option option) => result.GetResult(option) is not null;
            string? problem = (Has(_unixSocket), Has(_proxy), Has(_resolve), Has(_certificate)) switch
            {
                (true, true, _, _) => "--unix-socket is where connections lead to, so it cannot be used with --proxy",
                (true, _, true, _) => "--unix-socket is where connections lead to, so it cannot be used with --resolve",
                (_, true, true, _) => "with --proxy, the proxy looks names up, so it cannot be used with --resolve",
                (_, _, _, false) when Has(_key) => "--cert-key needs --cert",
                (_, _, _, false) when Has(_passwordVariable) => "--cert-password-env needs --cert",
                _ => null,
            };
            if (problem is not null)
            {
                result.AddError(problem);
            }
        });
    }

    public QuickSettings Apply(ParseResult parsed, QuickSettings settings, IReadOnlyList<UrlTarget> targets)
    {
        X509Certificate2? certificate = parsed.GetValue(_certificate) is { } path
            ? LoadCertificate(path, parsed.GetValue(_key), parsed.GetValue(_passwordVariable))
            : null;
        if (certificate is not null && targets.FirstOrDefault(static target => target.Url.Scheme == Uri.UriSchemeHttp) is { } plain)
        {
            throw new CommandFailure($"--cert is for https, and {plain.Written} is http", ExitCodes.Usage);
        }

        return settings with
        {
            Route = new RouteSettings
            {
                Addresses = Addresses(parsed.GetValue(_resolve) ?? [], targets),
                UnixSocket = parsed.GetValue(_unixSocket) is { } socket ? UnixSocket(socket) : null,
                Proxy = parsed.GetValue(_proxy) is { } proxy ? Proxy(proxy) : null,
                Certificate = certificate,
            },
        };
    }

    private static string UnixSocket(string path) => File.Exists(path)
        ? Path.GetFullPath(path)
        : throw new CommandFailure($"--unix-socket: there is no {path}", ExitCodes.Usage);

    private static OneProxy Proxy(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && s_proxySchemes.Contains(uri.Scheme, StringComparer.Ordinal)
            && uri.Host.Length > 0
            ? new OneProxy(uri)
            : throw new CommandFailure($"--proxy must be a URL such as http://proxy:3128 or socks5://proxy:1080, not '{text}'",
                ExitCodes.Usage);

    private static FixedAddresses? Addresses(string[] entries, IReadOnlyList<UrlTarget> targets)
    {
        if (entries.Length == 0)
        {
            return null;
        }

        var ports = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var addresses = new Dictionary<string, IPAddress[]>(StringComparer.OrdinalIgnoreCase);
        foreach (string entry in entries)
        {
            string[] parts = entry.Split(':', 3);
            if (parts.Length < 3
                || !ushort.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                || Parse(parts[2]) is not { } parsed)
            {
                throw new CommandFailure($"--resolve must be HOST:PORT:ADDRESS such as example.com:443:127.0.0.1, not '{entry}'",
                    ExitCodes.Usage);
            }

            string host = parts[0];
            if (!targets.Any(target => target.Url.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase) && target.Url.Port == port)
                || Uri.CheckHostName(host) != UriHostNameType.Dns)
            {
                throw new CommandFailure($"--resolve {entry}: no URL has the name {host} and port {port}", ExitCodes.Usage);
            }

            // The transport looks a name up once for all of its ports.
            if (ports.GetValueOrDefault(host, port) != port
                || targets.Any(target => target.Url.IdnHost.Equals(host, StringComparison.OrdinalIgnoreCase) && target.Url.Port != port))
            {
                throw new CommandFailure($"--resolve {entry}: URLs have several ports of {host}, and its address is that of all",
                    ExitCodes.Usage);
            }

            (ports[host], addresses[host]) = (port, parsed);
        }

        return new FixedAddresses(addresses);
    }

    private static IPAddress[]? Parse(string text)
    {
        var addresses = new List<IPAddress>();
        foreach (string part in text.Split(','))
        {
            if (!IPAddress.TryParse(part.Trim('[', ']'), out IPAddress? address))
            {
                return null;
            }

            addresses.Add(address);
        }

        return [.. addresses];
    }

    private static X509Certificate2 LoadCertificate(string path, string? keyPath, string? passwordVariable)
    {
        string? password = passwordVariable is null ? null : Environment.GetEnvironmentVariable(passwordVariable)
            ?? throw new CommandFailure($"--cert-password-env: there is no environment variable {passwordVariable}", ExitCodes.Usage);
        try
        {
            if (!File.ReadAllText(path).Contains("-----BEGIN ", StringComparison.Ordinal))
            {
                return keyPath is null
                    ? X509CertificateLoader.LoadPkcs12FromFile(path, password)
                    : throw new CommandFailure($"--cert-key is for PEM files, and {path} is none", ExitCodes.Usage);
            }

            using X509Certificate2 read = password is null
                ? X509Certificate2.CreateFromPemFile(path, keyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);

            // Some systems do not take a key that is only in memory.
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CommandFailure(
                $"--cert: {path}{(keyPath is null ? "" : $" with {keyPath}")} cannot be used: {error.Message.ReplaceLineEndings(" ")}",
                error,
                ExitCodes.Usage);
        }
    }
}
