using Warmwire.Proxies;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What the environment says beyond what .NET reads of it.</summary>
public sealed class EnvironmentRulesTests
{
    private static readonly Uri s_proxy = new("http://proxy.test:3128");

    [Theory]
    [InlineData("a.test", "http://a.test/", true)]
    [InlineData("A.Test", "https://a.TEST:8443/", true)]
    [InlineData("a.test", "http://b.a.test/", false)]
    [InlineData("a.test", "http://xa.test/", false)]
    [InlineData(".a.test", "http://a.test/", true)]
    [InlineData(".a.test", "http://c.b.a.test/", true)]
    [InlineData(".a.test", "http://xa.test/", false)]
    [InlineData("*.a.test", "http://a.test/", false)]
    [InlineData("*.a.test", "http://b.a.test/", true)]
    [InlineData("*", "http://b.a.test/", true)]
    [InlineData("*:81", "http://a.test:81/", true)]
    [InlineData("*:81", "http://a.test/", false)]
    [InlineData("a.test:81", "http://a.test:81/", true)]
    [InlineData("a.test:81", "http://a.test/", false)]
    [InlineData("a.test:443", "https://a.test/", true)]
    [InlineData(".a.test:81", "http://b.a.test:81/", true)]
    [InlineData("10.1.2.3", "http://10.1.2.3/", true)]
    [InlineData("10.1.2.3:81", "http://10.1.2.3:81/", true)]
    [InlineData("10.0.0.0/8", "http://10.255.2.3/", true)]
    [InlineData("10.9.9.9/8", "http://10.255.2.3/", true)]
    [InlineData("10.0.0.0/8", "http://11.0.0.0/", false)]
    [InlineData("192.168.4.0/22", "http://192.168.7.255/", true)]
    [InlineData("192.168.4.0/22", "http://192.168.8.0/", false)]
    [InlineData("10.1.2.3/32", "http://10.1.2.3/", true)]
    [InlineData("10.1.2.3/32", "http://10.1.2.2/", false)]
    [InlineData("0.0.0.0/0", "http://10.1.2.3/", true)]
    [InlineData("0.0.0.0/0", "http://a.test/", false)]
    [InlineData("0.0.0.0/0", "http://[::1]/", false)]
    [InlineData("10.0.0.0/33", "http://10.0.0.0/", false)]
    [InlineData("10.0.0.0/-1", "http://10.0.0.0/", false)]
    [InlineData("10.0.0.0/8", "http://[::ffff:10.1.2.3]/", true)]
    [InlineData("fd00::/8", "http://[fd12::1]/", true)]
    [InlineData("fd00::/8", "http://[fe80::1]/", false)]
    [InlineData("::1", "http://[::1]:81/", true)]
    [InlineData("[::1]", "http://[::1]/", true)]
    [InlineData("[::1]:81", "http://[::1]:81/", true)]
    [InlineData("[::1]:81", "http://[::1]/", false)]
    [InlineData(" x , a.test ,", "http://a.test/", true)]
    [InlineData("", "http://a.test/", false)]
    [InlineData(",.,*.,/,:", "http://a.test/", false)]
    public void An_entry_of_NO_PROXY_goes_straight(string list, string destination, bool isStraight)
    {
        Assert.Equal(isStraight, NoProxyRule.Parse(list).Any(rule => rule.Includes(new Uri(destination))));
        EnvironmentRules? rules = Read(("HTTP_PROXY", "proxy.test:3128"), ("NO_PROXY", list));
        Assert.Equal(isStraight ? null : s_proxy, rules is null ? s_proxy : rules.Apply(new Uri(destination), s_proxy));
    }

    [Fact]
    public void The_small_letters_come_first_as_in_dotnet()
    {
        EnvironmentRules rules = Read(("HTTP_PROXY", "x"), ("NO_PROXY", "a.test"), ("no_proxy", "b.test"))!;
        Assert.Same(s_proxy, rules.Apply(new Uri("http://a.test"), s_proxy));
        Assert.Null(rules.Apply(new Uri("http://b.test"), s_proxy));
    }

    [Fact]
    public void A_proxy_of_the_system_has_rules_of_its_own() => Assert.Null(Read(("NO_PROXY", "*")));

    [Theory]
    [InlineData("http://a.test", true)]
    [InlineData("ws://a.test", true)]
    [InlineData("https://a.test", false)]
    public void HTTP_PROXY_is_the_clients_word_in_a_CGI_program(string destination, bool isForged)
    {
        EnvironmentRules rules = Read(("HTTP_PROXY", "proxy.test:3128"), ("REQUEST_METHOD", "GET"))!;
        Assert.Equal(isForged ? null : s_proxy, rules.Apply(new Uri(destination), s_proxy));
        rules = Read(("HTTP_PROXY", "proxy.test:3128"), ("REQUEST_METHOD", "GET"), ("ALL_PROXY", "socks5://all.test:1"))!;
        Assert.Equal(isForged ? new Uri("socks5://all.test:1") : s_proxy, rules.Apply(new Uri(destination), s_proxy));
    }

    [Fact]
    public void The_small_letters_are_nobodys_but_ours_also_in_a_CGI_program() =>
        Assert.Null(Read(("http_proxy", "proxy.test:3128"), ("HTTP_PROXY", "evil.test"), ("REQUEST_METHOD", "GET")));

    private static EnvironmentRules? Read(params (string Name, string Value)[] variables)
    {
        Dictionary<string, string> environment = variables.ToDictionary(
            static variable => variable.Name, static variable => variable.Value, StringComparer.Ordinal);
        return EnvironmentRules.Read(name => environment.GetValueOrDefault(name));
    }
}
