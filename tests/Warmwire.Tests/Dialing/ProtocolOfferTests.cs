using System.Net;
using System.Net.Security;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Exchange;
using Warmwire.Settings;
using Xunit;

namespace Warmwire.Tests.Dialing;

/// <summary>Which protocols a request allows, what is offered for it, and what comes of it.</summary>
public sealed class ProtocolOfferTests
{
    [Theory]
    [InlineData("1.0", HttpVersionPolicy.RequestVersionOrLower, ProtocolOffer.Http1, ProtocolOffer.Http1)]
    [InlineData("1.0", HttpVersionPolicy.RequestVersionOrHigher, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http1)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrLower, ProtocolOffer.Http1, ProtocolOffer.Http1)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionExact, ProtocolOffer.Http1, ProtocolOffer.Http1)]
    [InlineData("1.1", HttpVersionPolicy.RequestVersionOrHigher, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http1)]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrLower, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http1)]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionOrHigher, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http2)]
    [InlineData("2.0", HttpVersionPolicy.RequestVersionExact, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http2)]
    [InlineData("3.0", HttpVersionPolicy.RequestVersionOrLower, ProtocolOffer.Http2OrHttp1, ProtocolOffer.Http1)]
    internal void A_request_allows_what_NET_allows_it(string version, HttpVersionPolicy policy, ProtocolOffer overTls, ProtocolOffer plain)
    {
        // A version of the platform's own and one that is merely equal.
        Version own = version switch
        {
            "1.1" => HttpVersion.Version11,
            "2.0" => HttpVersion.Version20,
            _ => Version.Parse(version),
        };
        foreach (Version same in new[] { Version.Parse(version), own })
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "https://a.test/") { Version = same, VersionPolicy = policy };
            Assert.Equal((overTls, plain), (RequestRules.OfferFor(request, isTls: true), RequestRules.OfferFor(request, isTls: false)));
            RequestRules.Check(request);
        }
    }

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    [InlineData("3.0", false)]
    public void The_ordinary_request_is_of_version_1_1_or_2_0(string version, bool ordinary)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "https://a.test/")
        {
            Version = version == "1.1" ? HttpVersion.Version11 : version == "2.0" ? HttpVersion.Version20 : HttpVersion.Version30,
        };
        Assert.Equal(ordinary, RequestRules.IsOrdinary(request));
        request.Method = HttpMethod.Connect;
        Assert.False(RequestRules.IsOrdinary(request));
    }

    [Fact]
    public void An_extended_CONNECT_that_could_only_go_over_HTTP_1_1_fails_before_anything_is_dialed()
    {
        var request = new HttpRequestMessage(HttpMethod.Connect, "ws://a.test/") { Version = HttpVersion.Version20 };
        RequestRules.Check(request);
        request.Headers.Protocol = "websocket";
        TransportException error = Assert.Throws<TransportException>(() => RequestRules.Check(request));
        Assert.Equal((HttpRequestError.ExtendedConnectNotSupported, RequestSent.No), (error.HttpRequestError, error.RequestSent));
        request.RequestUri = new Uri("wss://a.test/");
        RequestRules.Check(request);
    }

    [Theory]
    [InlineData(ProtocolOffer.Http1, false, false)]
    [InlineData(ProtocolOffer.Http2OrHttp1, false, true)]
    [InlineData(ProtocolOffer.Http2OrHttp1, true, false)]
    internal async Task A_TLS_dial_offers_what_its_key_says_unless_the_server_wanted_HTTP_1_1(
        ProtocolOffer protocols, bool http1Only, bool http2)
    {
        await using var peer = new TlsPeer("api.example.com");
        Version? filtered = null;
        HandlerSettings settings = Dials.Settings(null, "127.0.0.1");
        settings.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        settings.PlaintextStreamFilter = (context, _) =>
        {
            filtered = context.NegotiatedHttpVersion;
            return ValueTask.FromResult(context.PlaintextStream);
        };
        DialedStream dialed = await new Dialer(settings).DialAsync(
            new DialRequest
            {
                Route = new Route(true, "api.example.com", peer.Port, protocols: protocols),
                Http1Only = http1Only,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                TlsHandshakeTimeout = TimeSpan.FromSeconds(10),
            },
            CancellationToken.None);
        await using var stream = Assert.IsType<SslStream>(dialed.Stream);
        Assert.Equal(http2, dialed.IsHttp2);
        Assert.Equal(http2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11, stream.NegotiatedApplicationProtocol);
        Assert.Equal(http2 ? HttpVersion.Version20 : HttpVersion.Version11, filtered);
    }

    [Theory]
    [InlineData(ProtocolOffer.Http1, false)]
    [InlineData(ProtocolOffer.Http2, true)]
    internal async Task Without_TLS_the_key_says_what_is_spoken(ProtocolOffer protocols, bool http2)
    {
        HandlerSettings settings = Dials.Settings();
        settings.ConnectCallback = static (_, _) => ValueTask.FromResult(Stream.Null);
        DialedStream dialed = await new Dialer(settings).DialAsync(
            new DialRequest
            {
                Route = new Route(false, "api.example.com", 80, protocols: protocols),
                ConnectTimeout = TimeSpan.FromSeconds(10),
                TlsHandshakeTimeout = TimeSpan.FromSeconds(10),
            },
            CancellationToken.None);
        Assert.Equal(http2, dialed.IsHttp2);
    }

    [Fact]
    public async Task Prewarming_for_2_0_makes_the_connections_that_such_requests_use()
    {
        await using var peer = new TlsPeer("api.example.com");
        using var handler = new PooledHttpHandler { UseProxy = false };
        handler.ResolveNames = static (_, _) => Task.FromResult(new[] { IPAddress.Loopback });
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        var origin = new Uri($"https://api.example.com:{peer.Port}");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => handler.PrewarmAsync(origin, 1, HttpVersion.Version30, CancellationToken.None));
        Assert.Equal(1, await handler.PrewarmAsync(origin, 1, HttpVersion.Version11, CancellationToken.None));
        Assert.Equal(1, await handler.PrewarmAsync(origin, 1, CancellationToken.None) + 1);
        Assert.Equal("HTTP/1.1", Assert.Single(handler.GetSnapshot().Origins).Protocols);
        await using SslStream first = await peer.NextAsync();
        Assert.Equal(SslApplicationProtocol.Http11, first.NegotiatedApplicationProtocol);
        Task<int> second = handler.PrewarmAsync(origin, 1, HttpVersion.Version20, CancellationToken.None);
        await using SslStream accepted = await peer.NextAsync();
        Assert.Equal(SslApplicationProtocol.Http2, accepted.NegotiatedApplicationProtocol);
        Assert.Equal(
            ["HTTP/1.1", "HTTP/2 or HTTP/1.1"],
            handler.GetSnapshot().Origins.Select(static one => one.Protocols).Order(StringComparer.Ordinal));
        await second.ContinueWith(static _ => { }, TaskScheduler.Default);
    }
}
