using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Pooling;
using Warmwire.Proxies;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>Two routes that differ in any member are different everywhere: a connection made for the one never serves the other.</summary>
public sealed class RouteTests : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _one;
    private readonly X509Certificate2 _other;

    public RouteTests()
    {
        _one = Certificate("CN=one");
        _other = Certificate("CN=other");
    }

    public void Dispose()
    {
        _one.Dispose();
        _other.Dispose();
        _key.Dispose();
    }

    /// <summary>
    /// A reverse proxy sends what its clients name to one host, under one name of TLS: each has an origin, found in constant time.
    /// </summary>
    [Fact]
    public void Names_of_servers_behind_one_host_are_spread()
    {
        RouteIdentity[] routes = [.. Enumerable.Range(0, 1000).Select(static i =>
            new RouteIdentity(isTls: true, "a.test", 443, "tls.test", serverName: $"s{i}.test"))];
        Assert.InRange(routes.Select(static route => route.GetHashCode()).Distinct().Count(), 990, 1000);
        var plain = new RouteIdentity(isTls: true, "a.test", 443, "tls.test");
        var same = new RouteIdentity(isTls: true, "a.test", 443, "tls.test", serverName: new string("A.test"));
        Assert.Equal(plain, same);
        Assert.Equal(plain.GetHashCode(), same.GetHashCode());
    }

    [Fact]
    public void A_difference_in_any_one_member_is_a_difference_everywhere()
    {
        using var rig = new StubRig();
        FieldInfo[] members = typeof(RouteIdentity).GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public);
        Assert.NotEmpty(members);
        var original = new RouteIdentity(
            isTls: true, "a.test", 443, "tls.test", _one, ProtocolOffer.Http2OrHttp1, Proxy("proxy.test"), identity: Identity("me"));
        foreach (FieldInfo member in members)
        {
            object changed = original;
            member.SetValue(changed, Another(member.GetValue(original), member));
            AssertDifferent(rig, original, (RouteIdentity)changed, member.Name);
        }

        // Paths are those of files: the system tells letters' case apart.
        var one = new RouteIdentity(isTls: false, "a.test", 80, unixSocketPath: "/a.sock");
        AssertDifferent(rig, one, new RouteIdentity(isTls: false, "a.test", 80, unixSocketPath: "/A.sock"), "the path's letters");
        Assert.Equal(one, new RouteIdentity(isTls: false, "A.test", 80, unixSocketPath: "/a.sock"));
    }

    [Fact]
    public void Letters_case_and_a_copy_of_the_certificate_make_no_difference()
    {
        using X509Certificate2 copy = X509CertificateLoader.LoadPkcs12(_one.Export(X509ContentType.Pkcs12), password: null);
        var original = new RouteIdentity(isTls: true, "a.test", 443, "tls.test", _one);
        var same = new RouteIdentity(isTls: true, "A.TEST", 443, "TLS.test", copy);
        Assert.True(original.Equals(same));
        Assert.Equal(original.GetHashCode(), same.GetHashCode());
        Assert.Equal(new Route(original), new Route(same));
        Assert.Equal(new RouteIdentity(isTls: true, "a.test", 443, tlsHost: null), new RouteIdentity(isTls: true, "a.test", 443, "a.test"));
        Assert.Equal(new RouteIdentity(isTls: false, "a.test", 80, "x.test", _one), new RouteIdentity(isTls: false, "a.test", 80));
    }

    private static void AssertDifferent(StubRig rig, in RouteIdentity one, in RouteIdentity other, string member)
    {
        var (first, second) = (new Route(one), new Route(other));
        Assert.False(one.Equals(other), $"{member}: the identities are equal");
        Assert.False(first.Equals(second), $"{member}: the routes are equal");
        var table = new OriginTable();
        OriginPool added = table.GetOrAdd(one, route => new OriginPool(rig.Pool, route));
        Assert.Same(added, table.Find(one));
        Assert.True(table.Find(other) is null, $"{member}: found in the table");
        Assert.Equal(first.GetHashCode(), one.GetHashCode());
        var recent = new RecentOrigins();
        var pool = new OriginPool(rig.Pool, first);
        recent.Remember(one, pool);

        // The same entry, whatever it is kept under: only equality tells them apart.
        recent.Remember(other, pool);
        Assert.Same(pool, recent.Find(one) ?? pool);
        Assert.True(recent.Find(other) is null, $"{member}: found by the shortcut");
    }

    private object Another(object? value, FieldInfo member) => value switch
    {
        bool flag => !flag,
        int number => number + 1,
        string text => text + "x",
        null when member.FieldType == typeof(string) => "/a.sock",
        ProtocolOffer.Http2OrHttp1 => ProtocolOffer.Http1,
        X509Certificate2 => _other,
        ProxyHop => Proxy("other.test"),
        ConnectionIdentity => Identity("you"),
        _ => throw new NotSupportedException($"The test does not know how to change {member.Name}; teach it."),
    };

    private static ProxyHop Proxy(string host) => ProxyHop.Of(new Uri($"http://{host}:3128"), credentials: null);

    private static ConnectionIdentity Identity(string name) =>
        ConnectionIdentity.Of(AuthenticationScheme.Ntlm, new NetworkCredential(name, "password"));

    private X509Certificate2 Certificate(string name) =>
        new CertificateRequest(name, _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UnixEpoch,
            DateTimeOffset.UnixEpoch.AddYears(100));
}
