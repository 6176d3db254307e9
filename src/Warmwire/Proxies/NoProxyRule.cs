using System.Globalization;
using System.Net;

namespace Warmwire.Proxies;

/// <summary>One entry of <c>NO_PROXY</c>: which destinations go straight.</summary>
/// <remarks>
/// <code>
/// *                   all                      10.0.0.0/8, fd00::/8    addresses of a network
/// a.test              the name                 any of these and :81     at that port only
/// .a.test             the name and those below it
/// *.a.test            those below it
/// </code>
/// A name without a dot before it is that name alone, as for .NET; curl and Go take the names below it too.
/// </remarks>
internal sealed class NoProxyRule
{
    private readonly string _host;
    private readonly bool _andBelow;
    private readonly bool _onlyBelow;
    private readonly int? _port;
    private readonly byte[]? _network;
    private readonly int _prefixLength;

    private NoProxyRule(string text)
    {
        string rule = text;
        if (rule.IndexOf('/', StringComparison.Ordinal) is var slash and > 0
            && IPAddress.TryParse(rule[..slash], out IPAddress? network)
            && int.TryParse(rule[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _prefixLength)
            && network.GetAddressBytes() is { } bytes
            && _prefixLength <= bytes.Length * 8)
        {
            _network = bytes;
            _host = "";
            return;
        }

        // A single colon, or one behind a bracket, is followed by a port; an address of IPv6 has several.
        int colon = rule.LastIndexOf(':');
        if (colon > 0
            && (rule[colon - 1] == ']' || !rule.AsSpan(0, colon).Contains(':'))
            && ushort.TryParse(rule.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            _port = port;
            rule = rule[..colon];
        }

        _onlyBelow = rule.StartsWith("*.", StringComparison.Ordinal);
        _andBelow = _onlyBelow || rule.StartsWith('.');
        _host = _onlyBelow ? rule[2..] : _andBelow ? rule[1..] : rule.Trim('[', ']');
    }

    /// <param name="list">The value of the variable: entries with commas between them.</param>
    public static NoProxyRule[] Parse(string? list) =>
    [
        .. (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(static entry => new NoProxyRule(entry)),
    ];

    public bool Includes(Uri destination)
    {
        string host = destination.IdnHost;
        if (_network is not null)
        {
            return IPAddress.TryParse(host, out IPAddress? address)
                && IsInNetwork((address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes());
        }

        if (_port is not null && _port != destination.Port)
        {
            return false;
        }

        return _host == "*"
            || (!_onlyBelow && host.Equals(_host, StringComparison.OrdinalIgnoreCase))
            || (_andBelow
                && host.Length > _host.Length + 1
                && host.EndsWith(_host, StringComparison.OrdinalIgnoreCase)
                && host[^(_host.Length + 1)] == '.');
    }

    private bool IsInNetwork(byte[] address)
    {
        if (address.Length != _network!.Length)
        {
            return false;
        }

        int whole = _prefixLength / 8;
        int mask = 0xFF00 >> (_prefixLength % 8) & 0xFF;
        return address.AsSpan(0, whole).SequenceEqual(_network.AsSpan(0, whole))
            && (mask == 0 || (address[whole] & mask) == (_network[whole] & mask));
    }
}
