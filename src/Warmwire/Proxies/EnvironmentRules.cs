namespace Warmwire.Proxies;

/// <summary>
/// What the environment's variables say of proxies beyond what <see cref="HttpClient.DefaultProxy"/> takes from them: entries of
/// <c>NO_PROXY</c> with a port, a network or an asterisk, and whose word <c>HTTP_PROXY</c> is in a CGI program. It only takes a proxy away
/// that .NET has found, so all that .NET reads, and which variable comes first, stays as it is there.
/// </summary>
internal sealed class EnvironmentRules
{
    private readonly NoProxyRule[] _straight;
    private readonly Uri? _forged;
    private readonly Uri? _all;

    private EnvironmentRules(NoProxyRule[] straight, Uri? forged, Uri? all)
    {
        _straight = straight;
        _forged = forged;
        _all = all;
    }

    /// <param name="variable">Reads a variable of the environment.</param>
    /// <returns><see langword="null"/>: there is nothing that .NET does not read.</returns>
    public static EnvironmentRules? Read(Func<string, string?> variable)
    {
        if (!Names.Any(name => !string.IsNullOrEmpty(variable(name))))
        {
            // The proxy, if there is one, is the system's, which has rules of its own.
            return null;
        }

        string? list = variable("no_proxy") is { Length: > 0 } lower ? lower : variable("NO_PROXY");
        NoProxyRule[] straight = NoProxyRule.Parse(list);

        // Story: a CGI program is given the client's header "Proxy: evil" as the variable HTTP_PROXY (CVE-2016-5385, httpoxy). .NET looks
        // for GATEWAY_INTERFACE, and curl and Go for REQUEST_METHOD, which every CGI program has too (RFC 3875 §4.1.12).
        bool isCgi = !string.IsNullOrEmpty(variable("REQUEST_METHOD"));
        Uri? forged = isCgi && string.IsNullOrEmpty(variable("http_proxy")) ? AddressOf(variable("HTTP_PROXY")) : null;
        Uri? all = AddressOf(variable("all_proxy") is { Length: > 0 } lowerAll ? lowerAll : variable("ALL_PROXY"));
        return straight.Length == 0 && forged is null ? null : new EnvironmentRules(straight, forged, all);
    }

    /// <param name="destination">The URI of the request.</param>
    /// <param name="proxy">The proxy that .NET has found for it.</param>
    public Uri? Apply(Uri destination, Uri proxy)
    {
        foreach (NoProxyRule rule in _straight)
        {
            if (rule.Includes(destination))
            {
                return null;
            }
        }

        bool isPlain = destination.Scheme == Uri.UriSchemeHttp || destination.Scheme == Uri.UriSchemeWs;
        return _forged is not null && isPlain && _forged == proxy ? _all : proxy;
    }

    private static string[] Names => ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

    /// <summary>As .NET reads it: without a scheme it is http.</summary>
    private static Uri? AddressOf(string? value)
    {
        string? address = string.IsNullOrEmpty(value) || value.Contains("://", StringComparison.Ordinal) ? value : "http://" + value;
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) ? uri : null;
    }
}
