using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Reflection;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;
using SocketsHttpHandler = Warmwire.PooledHttpHandler;

namespace Warmwire.Tests.Parity;

/// <summary>The alias above is all that a program changes.</summary>
public sealed class DropInTests
{
    private static readonly Type s_reference = typeof(System.Net.Http.SocketsHttpHandler);
    private static readonly Type s_ours = typeof(PooledHttpHandler);

    /// <summary>Where the default is not that of .NET, and what it is.</summary>
    private static readonly Dictionary<string, object?> s_otherDefaults = new(StringComparer.Ordinal)
    {
        [nameof(SocketsHttpHandler.ConnectTimeout)] = TimeSpan.FromSeconds(10),
        [nameof(SocketsHttpHandler.PooledConnectionIdleTimeout)] = TimeSpan.FromSeconds(90),
        [nameof(SocketsHttpHandler.EnableMultipleHttp2Connections)] = true,
    };

    public static TheoryData<string> ReferenceProperties =>
        [.. s_reference.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];

    public static TheoryData<string> OwnSettings => [.. Settings(s_ours).Select(property => property.Name)];

    [Theory]
    [MemberData(nameof(ReferenceProperties))]
    public void A_property_has_the_name_type_nullability_and_default_of_NET(string name)
    {
        PropertyInfo reference = s_reference.GetProperty(name)!;
        PropertyInfo? ours = s_ours.GetProperty(name);
        Assert.NotNull(ours);
        Assert.Equal(reference.PropertyType, ours.PropertyType);
        Assert.Equal(reference.SetMethod?.IsPublic, ours.SetMethod?.IsPublic);
        var context = new NullabilityInfoContext();
        Assert.Equal(context.Create(reference).ReadState, context.Create(ours).ReadState);
        Assert.Equal(context.Create(reference).WriteState, context.Create(ours).WriteState);

        using var referenceHandler = new System.Net.Http.SocketsHttpHandler();
        using var ourHandler = new PooledHttpHandler();
        object? expected = s_otherDefaults.TryGetValue(name, out object? other) ? other : reference.GetValue(referenceHandler);
        object? actual = ours.GetValue(ourHandler);
        if (expected is CookieContainer or SslClientAuthenticationOptions or System.Collections.IDictionary or IDictionary<string, object?>)
        {
            Assert.NotNull(actual);
            Assert.Same(actual, ours.GetValue(ourHandler));
            return;
        }

        Assert.Equal(expected, actual);
    }

    public static TheoryData<string, object> Http2Values => new()
    {
        { nameof(SocketsHttpHandler.EnableMultipleHttp2Connections), true },
        { nameof(SocketsHttpHandler.EnableMultipleHttp2Connections), false },
        { nameof(SocketsHttpHandler.InitialHttp2StreamWindowSize), 65_534 },
        { nameof(SocketsHttpHandler.InitialHttp2StreamWindowSize), 65_535 },
        { nameof(SocketsHttpHandler.InitialHttp2StreamWindowSize), 16 * 1024 * 1024 },
        { nameof(SocketsHttpHandler.InitialHttp2StreamWindowSize), (16 * 1024 * 1024) + 1 },
        { nameof(SocketsHttpHandler.KeepAlivePingDelay), TimeSpan.FromMilliseconds(999) },
        { nameof(SocketsHttpHandler.KeepAlivePingDelay), TimeSpan.FromSeconds(1) },
        { nameof(SocketsHttpHandler.KeepAlivePingDelay), Timeout.InfiniteTimeSpan },
        { nameof(SocketsHttpHandler.KeepAlivePingDelay), TimeSpan.FromDays(100) },
        { nameof(SocketsHttpHandler.KeepAlivePingTimeout), TimeSpan.Zero },
        { nameof(SocketsHttpHandler.KeepAlivePingTimeout), TimeSpan.FromSeconds(1) },
        { nameof(SocketsHttpHandler.KeepAlivePingTimeout), Timeout.InfiniteTimeSpan },
        { nameof(SocketsHttpHandler.KeepAlivePingPolicy), HttpKeepAlivePingPolicy.WithActiveRequests },
    };

    [Theory]
    [MemberData(nameof(Http2Values))]
    public void A_setting_of_HTTP_2_takes_what_NET_takes(string name, object value)
    {
        using var reference = new System.Net.Http.SocketsHttpHandler();
        using var ours = new PooledHttpHandler();
        Type? refusal = Set(reference);
        Assert.Equal(refusal, Set(ours));
        if (refusal is null)
        {
            Assert.Equal(value, s_ours.GetProperty(name)!.GetValue(ours));
        }

        Type? Set(object handler)
        {
            try
            {
                handler.GetType().GetProperty(name)!.SetValue(handler, value);
                return null;
            }
            catch (TargetInvocationException e)
            {
                return e.InnerException!.GetType();
            }
        }
    }

    [Fact]
    public void The_platform_is_supported_and_the_class_is_a_handler()
    {
        Assert.True(SocketsHttpHandler.IsSupported);
        Assert.True(typeof(HttpMessageHandler).IsAssignableFrom(s_ours));
        Assert.True(s_ours.IsSealed);
    }

    [Fact]
    public async Task Every_property_can_be_set_in_an_initialiser()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
        using var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator(),
            AllowAutoRedirect = true,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectCallback = null,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            CookieContainer = new CookieContainer(),
            Credentials = null,
            DefaultProxyCredentials = null,
            EnableMultipleHttp2Connections = false,
            EnableMultipleHttp3Connections = false,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(1),
            InitialHttp2StreamWindowSize = 65535,
            KeepAlivePingDelay = Timeout.InfiniteTimeSpan,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            MaxAutomaticRedirections = 5,
            MaxConnectionsPerServer = 10,
            MaxResponseDrainSize = 1000,
            MaxResponseHeadersLength = 32,
            MeterFactory = null,
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult(context.PlaintextStream),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PreAuthenticate = false,
            Proxy = null,
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            SslOptions = new SslClientAuthenticationOptions(),
            UseCookies = true,
            UseProxy = false,
            Properties = { ["mine"] = 1 },
        };
        using var client = new HttpClient(handler);
        using HttpResponseMessage response = await client.GetAsync(server.HttpUri);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, handler.Properties["mine"]);
    }

    [Theory]
    [MemberData(nameof(OwnSettings))]
    public async Task A_setting_freezes_at_the_first_request_and_is_gone_after_disposal(string name)
    {
        PropertyInfo setting = s_ours.GetProperty(name)!;
        await using var server = new ParityServer(_ => Reply.Ok());
        using var handler = new PooledHttpHandler { UseProxy = false };
        object? value = setting.GetValue(handler);
        setting.SetValue(handler, value);
        using var client = new HttpClient(handler);
        await client.GetStringAsync(server.Uri);
        Assert.IsType<InvalidOperationException>(Set());
        setting.GetValue(handler);

        handler.Dispose();
        Assert.IsType<ObjectDisposedException>(Set());
        setting.GetValue(handler);

        Exception? Set() => Assert.Throws<TargetInvocationException>(() => setting.SetValue(handler, value)).InnerException;
    }

    [Theory]
    [MemberData(nameof(OwnSettings))]
    public void A_value_out_of_range_is_refused_by_the_name_of_the_property(string name)
    {
        PropertyInfo setting = s_ours.GetProperty(name)!;
        PropertyInfo? reference = s_reference.GetProperty(name);
        object[] values = setting.PropertyType switch
        {
            var type when type == typeof(int) => [int.MinValue, -1, 0, 1],
            var type when type == typeof(double) => [double.NaN, -0.1, 1.1],
            var type when type == typeof(TimeSpan) =>
                [
                    TimeSpan.MinValue, TimeSpan.FromSeconds(-5), TimeSpan.Zero, Timeout.InfiniteTimeSpan, TimeSpan.MaxValue,
                    TimeSpan.FromSeconds(1),
                ],
            var type when type == typeof(ReplayPolicy) => [(ReplayPolicy)99],
            _ => [],
        };
        foreach (object value in values)
        {
            using var handler = new PooledHttpHandler();
            Exception? refusal = Record(() => setting.SetValue(handler, value));
            if (refusal is not null)
            {
                Assert.Equal(name, Assert.IsType<ArgumentOutOfRangeException>(refusal).ParamName);
                Assert.Equal(value, ((ArgumentOutOfRangeException)refusal).ActualValue);
            }

            if (reference is not null)
            {
                using var theirs = new System.Net.Http.SocketsHttpHandler();
                Assert.True(
                    Record(() => reference.SetValue(theirs, value)) is null == refusal is null,
                    $"{name} = {value}: here {refusal?.Message ?? "accepted"}");
            }
        }

        static Exception? Record(Action set) =>
            Assert.IsType<TargetInvocationException>(Xunit.Record.Exception(set) ?? new TargetInvocationException(null)).InnerException;
    }

    [Fact]
    public void Our_own_defaults_are_those_of_the_manual()
    {
        using var handler = new PooledHttpHandler();
        Assert.Equal(100, handler.MaxIdleConnectionsPerServer);
        Assert.Equal(1000, handler.MaxIdleConnections);
        Assert.InRange(handler.MaxConnections, 1, int.MaxValue);
        Assert.Equal(0.1, handler.PooledConnectionLifetimeJitter);
        Assert.Equal(TimeSpan.FromSeconds(10), handler.TlsHandshakeTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, handler.ResponseHeadersTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, handler.ResponseBodyIdleTimeout);
        Assert.Equal(Timeout.InfiniteTimeSpan, handler.PendingRequestTimeout);
        Assert.Equal(int.MaxValue, handler.MaxPendingRequestsPerServer);
        Assert.Equal(TimeSpan.FromSeconds(30), handler.DnsRefreshInterval);
        Assert.Equal(TimeSpan.FromSeconds(30), handler.TcpKeepAliveInterval);
        Assert.Equal(TimeSpan.FromMilliseconds(250), handler.CancellationDrainTimeout);
        Assert.Equal(64 * 1024, handler.MaxCancellationDrainSize);
        Assert.Equal(ReplayPolicy.Safe, handler.ReplayPolicy);
    }

    private static IEnumerable<PropertyInfo> Settings(Type handler) =>
        handler.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true });
}
