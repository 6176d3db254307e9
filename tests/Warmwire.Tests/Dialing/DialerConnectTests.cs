using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Dialing;
using Warmwire.Settings;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class DialerConnectTests
{
    private readonly ManualClock _clock = new();
    private readonly ScriptedConnects _connects = new();

    [Fact]
    public async Task A_name_is_resolved_and_its_first_address_connected_and_the_times_are_told()
    {
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (host, _) =>
        {
            Assert.Equal("api.example.com", host);
            _clock.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult<IPAddress[]>([IPAddress.Parse("192.0.2.1")]);
        };
        Task<DialedStream> dial =
            new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("api.example.com", 8080), CancellationToken.None);

        ScriptedConnects.Attempt attempt = await _connects.NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(2));
        WitnessStream stream = attempt.Succeed();

        DialedStream dialed = await dial.WaitAsync(Patience.Limit);
        Assert.Same(stream, dialed.Stream);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 8080), dialed.RemoteEndPoint);
        Assert.Equal(IPAddress.Parse("192.0.2.1"), dialed.ResolvedAddress);
        Assert.Equal(TimeSpan.FromSeconds(1), dialed.DnsTime);
        Assert.Equal(TimeSpan.FromSeconds(2), dialed.ConnectTime);
        Assert.Equal(TimeSpan.Zero, dialed.TlsTime);
        Assert.False(dialed.SupportsZeroByteReads);
        Assert.Null(dialed.SocketStream);
    }

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("2001:db8::7")]
    public async Task An_address_is_not_resolved(string host)
    {
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) => throw new InvalidOperationException("must not be asked");
        Task<DialedStream> dial = new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To(host), CancellationToken.None);

        (await _connects.NextAsync()).Succeed();

        DialedStream dialed = await dial.WaitAsync(Patience.Limit);
        Assert.Equal(new IPEndPoint(IPAddress.Parse(host), 80), dialed.RemoteEndPoint);
        Assert.Null(dialed.ResolvedAddress);
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_a_name_resolution_error()
    {
        var inner = new SocketException((int)SocketError.HostNotFound);
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) => Task.FromException<IPAddress[]>(inner);

        TransportException e = await Patience.FailureOf(
            new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("nowhere.example"), CancellationToken.None));

        AssertUnsent(e, HttpRequestError.NameResolutionError, TransportPhase.Dns, "http://nowhere.example:80");
        Assert.Same(inner, e.InnerException);
        Assert.False(e.IsTimeout);
        Assert.StartsWith("The name nowhere.example could not be resolved: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_without_addresses_is_a_name_resolution_error()
    {
        TransportException e = await Patience.FailureOf(
            new Dialer(Dials.Settings(_clock), _connects.ConnectAsync).DialAsync(Dials.To("empty.example"), CancellationToken.None));

        AssertUnsent(e, HttpRequestError.NameResolutionError, TransportPhase.Dns, "http://empty.example:80");
        Assert.Equal("The name empty.example could not be resolved: it has no IPv4 or IPv6 address.", e.Message);
        Assert.IsType<SocketException>(e.InnerException);
    }

    [Fact]
    public async Task A_failure_of_a_resolver_that_uses_this_library_itself_is_not_taken_for_the_dials_own()
    {
        var foreign = new TransportException(
            HttpRequestError.InvalidResponse,
            "from the resolver",
            null,
            TransportPhase.ReadHeaders,
            RequestSent.Fully,
            "https://dns.example:443",
            7);
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) => throw foreign;

        TransportException e = await Patience.FailureOf(
            new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("api.example.com"), CancellationToken.None));

        AssertUnsent(e, HttpRequestError.NameResolutionError, TransportPhase.Dns, "http://api.example.com:80");
        Assert.Same(foreign, e.InnerException);
    }

    [Fact]
    public async Task The_connect_timeout_holds_while_a_resolver_ignores_its_token()
    {
        var answer = new TaskCompletionSource<IPAddress[]>();
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) => answer.Task;
        Task<DialedStream> dial = new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("slow.example"), CancellationToken.None);

        _clock.Advance(TimeSpan.FromSeconds(10));

        TransportException e = await Patience.FailureOf(dial);
        AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Dns, "http://slow.example:80");
        Assert.True(e.IsTimeout);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.Equal("The name slow.example could not be resolved within 10 s; see PooledHttpHandler.ConnectTimeout.", e.Message);
    }

    [Fact]
    public async Task The_connect_timeout_covers_the_name_and_all_attempts_together()
    {
        HandlerSettings settings = Dials.Settings(_clock);
        settings.ResolveNames = (_, _) =>
        {
            _clock.Advance(TimeSpan.FromSeconds(9));
            return Task.FromResult<IPAddress[]>([IPAddress.Parse("203.0.113.7"), IPAddress.Parse("203.0.113.8")]);
        };
        Task<DialedStream> dial =
            new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("api.example.com", 443), CancellationToken.None);
        ScriptedConnects.Attempt first = await _connects.NextAsync();
        _clock.Advance(AddressRace.AttemptDelay);
        ScriptedConnects.Attempt second = await _connects.NextAsync();
        Assert.False(dial.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(1) - AddressRace.AttemptDelay);

        TransportException e = await Patience.FailureOf(dial);
        AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:443");
        Assert.True(e.IsTimeout);
        Assert.IsType<TimeoutException>(e.InnerException);
        Assert.Equal(
            "Could not connect to api.example.com:443 within 10 s: 203.0.113.7: no answer in 1 s; 203.0.113.8: no answer in 750 ms; "
                + "see PooledHttpHandler.ConnectTimeout.",
            e.Message);
        Assert.True(first.Token.IsCancellationRequested && second.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task When_every_address_fails_the_text_names_each_with_its_error()
    {
        var dialer = new Dialer(
            Dials.Settings(_clock, "2001:db8::1", "192.0.2.1"),
            static (endPoint, _) =>
                throw new SocketException((int)(endPoint.AddressFamily == AddressFamily.InterNetwork
                    ? SocketError.ConnectionRefused
                    : SocketError.NetworkUnreachable)));

        TransportException e = await Patience.FailureOf(dialer.DialAsync(Dials.To("api.example.com"), CancellationToken.None));

        AssertUnsent(e, HttpRequestError.ConnectionError, TransportPhase.Connect, "http://api.example.com:80");
        string refused = new SocketException((int)SocketError.ConnectionRefused).Message;
        string unreachable = new SocketException((int)SocketError.NetworkUnreachable).Message;
        Assert.Equal($"Could not connect to api.example.com:80: 2001:db8::1: {unreachable}; 192.0.2.1: {refused}.", e.Message);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(e.InnerException).SocketErrorCode);
    }

    [Fact]
    public async Task A_refused_literal_address_is_named_once()
    {
        var dialer = new Dialer(Dials.Settings(_clock), static (_, _) => throw new SocketException((int)SocketError.ConnectionRefused));

        TransportException e = await Patience.FailureOf(dialer.DialAsync(Dials.To("2001:db8::7"), CancellationToken.None));

        Assert.Equal(
            $"Could not connect to [2001:db8::7]:80: {new SocketException((int)SocketError.ConnectionRefused).Message}.", e.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_pools_token_ends_a_dial_as_a_cancellation(bool whileResolving)
    {
        using var pool = new CancellationTokenSource();
        HandlerSettings settings = Dials.Settings(_clock, "192.0.2.1");
        if (whileResolving)
        {
            settings.ResolveNames = static (_, _) => new TaskCompletionSource<IPAddress[]>().Task;
        }

        Task<DialedStream> dial = new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("api.example.com"), pool.Token);
        pool.Cancel();

        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.WaitAsync(Patience.Limit));
        Assert.Equal(pool.Token, e.CancellationToken);
    }

    [Fact]
    public async Task The_trace_follows_a_dial_and_a_throwing_trace_does_not_disturb_it()
    {
        var lines = new ConcurrentQueue<string>();
        HandlerSettings settings = Dials.Settings(_clock, "192.0.2.1", "192.0.2.2");
        var dialer = new Dialer(
            settings,
            static (endPoint, _) =>
                endPoint.Address.ToString() == "192.0.2.1" ? throw new IOException("no") : Task.FromResult<Stream>(new WitnessStream()));

        await dialer.DialAsync(Dials.To("api.example.com", trace: Dials.Trace(lines)), CancellationToken.None);

        Assert.Equal(
            [
                "dns api.example.com",
                "dns done 192.0.2.1 192.0.2.2",
                "connect 192.0.2.1:80",
                "connect done 192.0.2.1:80 IOException",
                "connect 192.0.2.2:80",
                "connect done 192.0.2.2:80",
            ],
            lines,
            StringComparer.Ordinal);

        var throwing = new RequestTrace
        {
            DnsStart = static _ => throw new InvalidOperationException(),
            DnsDone = static (_, _) => throw new InvalidOperationException(),
            ConnectStart = static _ => throw new InvalidOperationException(),
            ConnectDone = static (_, _) => throw new InvalidOperationException(),
        };
        Assert.NotNull((await dialer.DialAsync(Dials.To("api.example.com", trace: throwing), CancellationToken.None)).Stream);
    }

    [Fact]
    public async Task What_an_abandoned_resolver_throws_later_does_not_go_unobserved()
    {
        var unobserved = new ConcurrentQueue<string>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) => unobserved.Enqueue(e.Exception.ToString());
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await AbandonAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            Assert.DoesNotContain(unobserved, static text => text.Contains("abandoned resolver", StringComparison.Ordinal));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        async Task AbandonAsync()
        {
            var answer = new TaskCompletionSource<IPAddress[]>();
            HandlerSettings settings = Dials.Settings(_clock);
            settings.ResolveNames = (_, _) => answer.Task;
            Task<DialedStream> dial =
                new Dialer(settings, _connects.ConnectAsync).DialAsync(Dials.To("slow.example"), CancellationToken.None);
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Patience.FailureOf(dial);
            answer.SetException(new IOException("abandoned resolver"));
        }
    }

    internal static void AssertUnsent(TransportException e, HttpRequestError error, TransportPhase phase, string origin)
    {
        Assert.Equal((error, phase, origin, RequestSent.No, true), (e.HttpRequestError, e.Phase, e.Origin, e.RequestSent, e.NotProcessed));
        Assert.Null(e.ConnectionId);
    }
}
