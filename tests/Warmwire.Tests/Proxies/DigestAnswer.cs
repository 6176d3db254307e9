using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What a client has answered to a challenge of Digest, checked as a proxy does (RFC 7616 §3.4.1, <c>qop=auth</c>).</summary>
internal sealed partial class DigestAnswer
{
    private readonly Dictionary<string, string> _parameters;

    private DigestAnswer(Dictionary<string, string> parameters) => _parameters = parameters;

    public string this[string name] => _parameters[name];

    public string Uri => this["uri"];

    public string Nonce => this["nonce"];

    public string Count => this["nc"];

    public static DigestAnswer Read(string value)
    {
        Assert.StartsWith("Digest ", value, StringComparison.Ordinal);
        return new DigestAnswer(Parameters().Matches(value).ToDictionary(
            static match => match.Groups[1].Value, static match => match.Groups[2].Value, StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The value of the field in the head of a CONNECT.</summary>
    public static DigestAnswer InHead(string head) => Read(
        head.Split("\r\n").Single(static line => line.StartsWith("Proxy-Authorization: ", StringComparison.Ordinal))[21..]);

    public bool IsRight(string method, string user = ProxyRig.User, string password = ProxyRig.Password)
    {
        string expected = Hash(
            $"{Hash($"{user}:{this["realm"]}:{password}")}:{Nonce}:{Count}:{this["cnonce"]}:auth:{Hash($"{method}:{Uri}")}");
        return this["username"] == user && this["response"] == expected;
    }

    private static string Hash(string text) =>
        Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.MD5, Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("(\\w+)=\"?([^\",]*)\"?")]
    private static partial Regex Parameters();
}
