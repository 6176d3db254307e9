using System.Net;
using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Runtime;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Settings;

public sealed class RequestSettingsTests
{
    public static TheoryData<string> TimeoutKeys =>
    [
        nameof(TransportOptions.Timeout),
        nameof(TransportOptions.PendingRequestTimeout),
        nameof(TransportOptions.ConnectTimeout),
        nameof(TransportOptions.TlsHandshakeTimeout),
        nameof(TransportOptions.Expect100ContinueTimeout),
        nameof(TransportOptions.ResponseHeadersTimeout),
        nameof(TransportOptions.ResponseBodyIdleTimeout),
        nameof(TransportOptions.ResponseDrainTimeout),
        nameof(TransportOptions.CancellationDrainTimeout),
    ];

    [Fact]
    public void A_request_without_options_shares_the_defaults_and_allocates_nothing()
    {
        HandlerSettings settings = new() { ConnectTimeout = TimeSpan.FromSeconds(3) };
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        RequestSettings defaults = RequestSettings.From(request, settings);

        long before = GC.GetAllocatedBytesForCurrentThread();
        RequestSettings again = RequestSettings.From(request, settings);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        Assert.Same(defaults, again);
        Assert.Same(defaults, RequestSettings.Defaults(settings));
        Assert.Equal(TimeSpan.FromSeconds(3), defaults.ConnectTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, defaults.Total);
        Assert.Equal(ReplayPolicy.Safe, defaults.ReplayPolicy);
        Assert.Null(defaults.Trace);
        Assert.Null(defaults.ClientCertificate);
        Assert.False(defaults.CaptureResponseStack);
    }

    [Fact]
    public void Options_of_others_share_the_defaults_and_allocate_nothing()
    {
        HandlerSettings settings = new();
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        request.Options.Set(new HttpRequestOptionsKey<string>("ConnectTimeout"), "not ours");
        RequestSettings defaults = RequestSettings.From(request, settings);

        long before = GC.GetAllocatedBytesForCurrentThread();
        RequestSettings again = RequestSettings.From(request, settings);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Same(defaults, again);
        Assert.Same(defaults, RequestSettings.Defaults(settings));
    }

    [Fact]
    public void Every_option_replaces_the_setting_it_is_named_after_and_nothing_else()
    {
        HandlerSettings settings = new();
        using X509Certificate2 certificate = MakeCertificate();
        RequestTrace trace = new();
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        request.Options.Set(TransportOptions.Timeout, TimeSpan.FromSeconds(1));
        request.Options.Set(TransportOptions.PendingRequestTimeout, TimeSpan.FromSeconds(2));
        request.Options.Set(TransportOptions.ConnectTimeout, TimeSpan.FromSeconds(3));
        request.Options.Set(TransportOptions.TlsHandshakeTimeout, TimeSpan.FromSeconds(4));
        request.Options.Set(TransportOptions.Expect100ContinueTimeout, TimeSpan.Zero);
        request.Options.Set(TransportOptions.ResponseHeadersTimeout, TimeSpan.FromSeconds(6));
        request.Options.Set(TransportOptions.ResponseBodyIdleTimeout, Timeout.InfiniteTimeSpan);
        request.Options.Set(TransportOptions.ResponseDrainTimeout, TimeSpan.Zero);
        request.Options.Set(TransportOptions.MaxResponseDrainSize, 8);
        request.Options.Set(TransportOptions.CancellationDrainTimeout, TimeSpan.FromSeconds(9));
        request.Options.Set(TransportOptions.MaxCancellationDrainSize, 0);
        request.Options.Set(TransportOptions.TlsServerName, "name.test");
        request.Options.Set(TransportOptions.UnixSocketPath, "/a.sock");
        request.Options.Set(TransportOptions.ReplayPolicy, ReplayPolicy.Never);
        request.Options.Set(TransportOptions.ClientCertificate, certificate);
        request.Options.Set(TransportOptions.Trace, trace);
        request.Options.Set(TransportOptions.CaptureResponseStack, true);

        RequestSettings result = RequestSettings.From(request, settings);

        Assert.Equal(TimeSpan.FromSeconds(1), result.Total);
        Assert.Equal(TimeSpan.FromSeconds(2), result.PendingRequestTimeout);
        Assert.Equal(TimeSpan.FromSeconds(3), result.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(4), result.TlsHandshakeTimeout);
        Assert.Equal(TimeSpan.Zero, result.Expect100ContinueTimeout);
        Assert.Equal(TimeSpan.FromSeconds(6), result.ResponseHeadersTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, result.ResponseBodyIdleTimeout);
        Assert.Equal(new DrainSettings(TimeSpan.Zero, 8, TimeSpan.FromSeconds(9), 0), result.Drain);
        Assert.Equal("name.test", result.TlsServerName);
        Assert.Equal("/a.sock", result.UnixSocketPath);
        Assert.Equal(ReplayPolicy.Never, result.ReplayPolicy);
        Assert.Same(certificate, result.ClientCertificate);
        Assert.Same(trace, result.Trace);
        Assert.True(result.CaptureResponseStack);
        Assert.Equal(HandlerDefaults.ConnectTimeout, RequestSettings.Defaults(settings).ConnectTimeout);
    }

    [Fact]
    public void One_option_leaves_the_other_settings_to_the_handler()
    {
        HandlerSettings settings = new() { ResponseHeadersTimeout = TimeSpan.FromSeconds(9), ReplayPolicy = ReplayPolicy.Idempotent };
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        request.Options.Set(TransportOptions.ConnectTimeout, TimeSpan.FromSeconds(3));
        RequestSettings result = RequestSettings.From(request, settings);
        Assert.Equal(TimeSpan.FromSeconds(3), result.ConnectTimeout);
        Assert.Equal(TimeSpan.FromSeconds(9), result.ResponseHeadersTimeout);
        Assert.Equal(ReplayPolicy.Idempotent, result.ReplayPolicy);
        Assert.Equal(settings.TlsHandshakeTimeout, result.TlsHandshakeTimeout);
        Assert.Same(RequestSettings.Defaults(settings).Drain, result.Drain);
    }

    [Fact]
    public void The_name_to_prove_is_the_requests_before_the_handlers()
    {
        HandlerSettings settings = new() { SslOptions = new SslClientAuthenticationOptions { TargetHost = "handler.test" } };
        using HttpRequestMessage request = new(HttpMethod.Get, "https://a.test/");
        Assert.Equal("handler.test", RequestSettings.From(request, settings).TlsServerName);
        request.Options.Set(TransportOptions.TlsServerName, "request.test");
        Assert.Equal("request.test", RequestSettings.From(request, settings).TlsServerName);
        Assert.Null(RequestSettings.From(new HttpRequestMessage(), new HandlerSettings()).TlsServerName);
    }

    [Fact]
    public void A_request_may_have_a_socket_of_its_own_or_none()
    {
        HandlerSettings settings = new() { UnixSocketPath = "/handler.sock", Proxy = new WebProxy("http://proxy.test") };
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        RequestSettings of = RequestSettings.From(request, settings);
        Assert.Equal(("/handler.sock", true, null), (of.UnixSocketPath, of.HasOwnProxy, of.Proxy));
        request.Options.Set(TransportOptions.UnixSocketPath, "/request.sock");
        of = RequestSettings.From(request, settings);
        Assert.Equal(("/request.sock", true, null), (of.UnixSocketPath, of.HasOwnProxy, of.Proxy));
        request.Options.Set(TransportOptions.UnixSocketPath, null);
        of = RequestSettings.From(request, settings);
        Assert.Equal((null, false), (of.UnixSocketPath, of.HasOwnProxy));
    }

    [Fact]
    public void A_request_with_a_proxy_cannot_go_through_a_socket()
    {
        HandlerSettings settings = new() { UnixSocketPath = "/handler.sock" };
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        request.Options.Set(TransportOptions.Proxy, new WebProxy("http://proxy.test"));
        Assert.Contains(
            "UnixSocketPath to null",
            Assert.Throws<InvalidOperationException>(() => RequestSettings.From(request, settings)).Message,
            StringComparison.Ordinal);
        request.Options.Set(TransportOptions.UnixSocketPath, null);
        Assert.NotNull(RequestSettings.From(request, settings).Proxy);
        request.Options.Set(TransportOptions.UnixSocketPath, "/request.sock");
        Assert.Throws<InvalidOperationException>(() => RequestSettings.From(request, new HandlerSettings()));
        request.Options.Set(TransportOptions.Proxy, null!);
        Assert.Equal("/request.sock", RequestSettings.From(request, new HandlerSettings()).UnixSocketPath);
    }

    public static TheoryData<string, object> Refused => new()
    {
        { nameof(TransportOptions.UnixSocketPath), "" },
        { nameof(TransportOptions.UnixSocketPath), new string('a', 109) },
        { nameof(TransportOptions.UnixSocketPath), "/a\0b" },
        { nameof(TransportOptions.UnixSocketPath), "\0a\0b" },
        { nameof(TransportOptions.TlsServerName), "" },
        { nameof(TransportOptions.TlsServerName), "a b" },
        { nameof(TransportOptions.TlsServerName), "https://a.test" },
        { nameof(TransportOptions.TlsServerName), "a.test:443" },
        { nameof(TransportOptions.TlsServerName), "[::1]" },
        { nameof(TransportOptions.MaxResponseDrainSize), -1 },
        { nameof(TransportOptions.MaxCancellationDrainSize), -1 },
        { nameof(TransportOptions.CancellationDrainTimeout), Timeout.InfiniteTimeSpan },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_value_outside_its_range_is_refused_by_the_name_of_its_key(string name, object value)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        ((IDictionary<string, object?>)request.Options)["Warmwire." + name] = value;
        ArgumentOutOfRangeException thrown = Assert.Throws<ArgumentOutOfRangeException>(
            () => RequestSettings.From(request, new HandlerSettings()));
        Assert.Equal($"TransportOptions.{name}", thrown.ParamName);
    }

    [Fact]
    public void A_path_as_long_as_an_address_permits_is_taken()
    {
        using var handler = new PooledHttpHandler { UnixSocketPath = "\0name" };
        int longest = OperatingSystem.IsMacOS() ? 103 : 107;
        handler.UnixSocketPath = new string('a', longest);
        Assert.Equal(longest, handler.UnixSocketPath.Length);
        string tooLong = new('a', longest + 1);
        Assert.Contains(
            $"This one has {longest + 1}.",
            Assert.Throws<ArgumentOutOfRangeException>(() => handler.UnixSocketPath = tooLong).Message,
            StringComparison.Ordinal);
        handler.UnixSocketPath = null;
    }

    [Theory]
    [MemberData(nameof(TimeoutKeys))]
    public void A_timeout_outside_its_range_is_refused_by_its_name(string name)
    {
        HttpRequestOptionsKey<TimeSpan> key = (HttpRequestOptionsKey<TimeSpan>)typeof(TransportOptions).GetField(name)!.GetValue(null)!;
        foreach (TimeSpan value in new[] { TimeSpan.FromSeconds(-1), TimeSpan.MaxValue, TimeSpan.Zero })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
            request.Options.Set(key, value);
            if (value == TimeSpan.Zero
                && name is nameof(TransportOptions.Expect100ContinueTimeout)
                    or nameof(TransportOptions.ResponseDrainTimeout)
                    or nameof(TransportOptions.CancellationDrainTimeout))
            {
                continue;
            }

            ArgumentOutOfRangeException thrown = Assert.Throws<ArgumentOutOfRangeException>(
                () => RequestSettings.From(request, new HandlerSettings()));
            Assert.Equal($"TransportOptions.{name}", thrown.ParamName);
        }
    }

    [Fact]
    public void An_unknown_retry_policy_is_refused_by_its_name()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        request.Options.Set(TransportOptions.ReplayPolicy, (ReplayPolicy)7);
        Assert.Equal(
            "TransportOptions.ReplayPolicy",
            Assert.Throws<ArgumentOutOfRangeException>(() => RequestSettings.From(request, new HandlerSettings())).ParamName);
    }

    [Fact]
    public void A_request_may_have_a_proxy_of_its_own_or_none()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        var proxy = new WebProxy("http://proxy.test");
        request.Options.Set(TransportOptions.Proxy, proxy);
        RequestSettings settings = RequestSettings.From(request, new HandlerSettings());
        Assert.True(settings.HasOwnProxy);
        Assert.Same(proxy, settings.Proxy);
        request.Options.Set(TransportOptions.Proxy, null!);
        settings = RequestSettings.From(request, new HandlerSettings());
        Assert.True(settings.HasOwnProxy);
        Assert.Null(settings.Proxy);
        Assert.False(RequestSettings.From(new HttpRequestMessage(), new HandlerSettings()).HasOwnProxy);
    }

    [Fact]
    public void No_key_of_the_public_class_is_forgotten()
    {
        foreach (FieldInfo field in typeof(TransportOptions).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            string key = (string)field.FieldType.GetProperty("Key")!.GetValue(field.GetValue(null))!;
            using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
            ((IDictionary<string, object?>)request.Options)[key] = null;
            HandlerSettings settings = new();
            Assert.NotSame(RequestSettings.Defaults(settings), RequestSettings.From(request, settings));
        }
    }

    [Fact]
    public void Reading_the_options_of_a_request_does_not_make_any()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://a.test/");
        Assert.Null(FrameworkFields.OptionsOf(request));
        request.Options.Set(new HttpRequestOptionsKey<int>("a"), 1);
        Assert.Same(request.Options, FrameworkFields.OptionsOf(request));
    }

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
