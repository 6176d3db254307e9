using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Settings;
using Warmwire.Sockets;

namespace Warmwire.Dialing;

/// <summary>
/// Makes connections: name, address race, TLS, or the user's callbacks in their place; or a Unix domain socket, and TLS.
/// </summary>
/// <remarks>
/// <code>
/// Unix domain socket ───────────────┐
/// ConnectCallback ──────────────────┤
/// name ─► address race ─► TCP ──────┴─► [proxy] ─► TLS (https) ─► PlaintextStreamFilter ─► DialedStream
/// └──────── ConnectTimeout ─────────┘              └ TlsHandshakeTimeout    └ ConnectTimeout, once more
/// </code>
/// A <c>ConnectCallback</c> that returns an authenticated <see cref="SslStream"/> has done the TLS step itself.
/// What [proxy] stands for is drawn in <see cref="ProxyPassage"/>: then name and address are the proxy's.
/// Whatever was opened is disposed when a later step fails.
/// </remarks>
internal sealed class Dialer
{
    private readonly HandlerSettings _settings;
    private readonly TlsHandshake _tls;
    private readonly Func<IPEndPoint, CancellationToken, Task<Stream>> _connect;
    private readonly UnixSocketDial _unix;

    public Dialer(HandlerSettings settings)
        : this(
            settings,
            settings.Connect ?? ((endPoint, token) =>
                SocketConnector.ConnectAsync(endPoint, settings.TcpKeepAliveInterval, settings.SocketBackEnd, token)))
    {
    }

    /// <summary>For tests, which need no network to have addresses that never answer.</summary>
    internal Dialer(HandlerSettings settings, Func<IPEndPoint, CancellationToken, Task<Stream>> connect)
    {
        _settings = settings;
        _tls = new TlsHandshake(settings);
        _connect = connect;
        _unix = new UnixSocketDial(settings);
    }

    /// <param name="request">What to dial.</param>
    /// <param name="cancellationToken">The pool's: the handler was disposed.</param>
    /// <exception cref="TransportException">The dial failed or a timeout ran out.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async Task<DialedStream> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        DialedLayers? layers = null;
        long begun = _settings.TimeProvider.GetTimestamp();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            using ProxyPassage? passage =
                request.Route.Proxy is { } proxy ? new ProxyPassage(_settings, _tls, request, proxy, begun) : null;
            Connected connected = await ConnectAsync(request, request.ConnectTimeout, cancellationToken).ConfigureAwait(false);
            layers = new DialedLayers(connected.Stream);
            while (passage is not null && !await passage.OpenAsync(layers, cancellationToken).ConfigureAwait(false))
            {
                DialDeadline.DisposeQuietly(layers.Top);
                connected = await ConnectAsync(request, passage.TimeLeft, cancellationToken).ConfigureAwait(false);
                layers = new DialedLayers(connected.Stream);
            }

            EndPoint? remote = connected.RemoteEndPoint ?? layers.Socket?.RemoteEndPoint;
            TimeSpan tlsTime = passage?.TlsTime ?? TimeSpan.Zero;
            TimeSpan connectTime = passage is null
                ? connected.ConnectTime
                : _settings.TimeProvider.GetElapsedTime(begun) - connected.DnsTime - tlsTime;
            bool isHttp2 = request.Route.Protocols == ProtocolOffer.Http2;
            TransportContext? channel = request.Route.IsForwarding ? passage?.Channel : null;
            if (request.Route.IsTls)
            {
                long start = _settings.TimeProvider.GetTimestamp();
                SslStream secured = await SecureAsync(layers, request, begun, cancellationToken).ConfigureAwait(false);
                (channel, isHttp2) = (secured.TransportContext, TlsHandshake.IsHttp2(secured));
                tlsTime += _settings.TimeProvider.GetElapsedTime(start);
            }

            if (_settings.PlaintextStreamFilter is { } filter)
            {
                request.Progress.Phase = TransportPhase.Connect;
                using var deadline = new DialDeadline(request.ConnectTimeout, _settings.TimeProvider, cancellationToken);
                layers.Cover(await StreamCallbacks.FilterAsync(filter, layers.Top, isHttp2, request, deadline).ConfigureAwait(false));
            }

            return new DialedStream
            {
                Stream = layers.Top,
                ConnectionId = request.ConnectionId,
                SocketStream = layers.Socket,
                IsPlain = layers.IsPlain,
                Channel = channel,
                IsHttp2 = isHttp2,
                RemoteEndPoint = remote,
                ResolvedAddress = connected.ResolvedAddress,
                SupportsZeroByteReads = layers.SupportsZeroByteReads,
                DnsTime = connected.DnsTime,
                ConnectTime = connectTime,
                TlsTime = tlsTime,
            };
        }
        catch (Exception e)
        {
            DialDeadline.DisposeQuietly(layers?.Top);
            cancellationToken.ThrowIfCancellationRequested();
            if (e is TransportException)
            {
                throw;
            }

            // The pool's waiters depend on it that every failure is one of ours.
            string message = DialErrorTexts.Unexpected(request.Route.HostAndPort, e);
            throw DialFailure.Of(request.Route, HttpRequestError.ConnectionError, TransportPhase.Connect, message, e);
        }
        finally
        {
            request.Caller?.Forget();
            request.Progress.Phase = TransportPhase.Queue;
        }
    }

    /// <summary>TLS with the server. Tells whether it has chosen HTTP/2.</summary>
    private async Task<SslStream> SecureAsync(DialedLayers layers, DialRequest request, long begun, CancellationToken cancellationToken)
    {
        // As in .NET, a ConnectCallback may do the handshake itself, with its own server name and its own judgement of the server. Behind a
        // proxy its stream leads to the proxy, so what it has authenticated is not the server.
        Stream below = layers.BelowTls();
        SslStream secured = below is SslStream { IsAuthenticated: true } given && request.Route.Proxy is null
            ? TlsHandshake.Accept(given, request)
            : await _tls.RunAsync(below, request, begun, cancellationToken).ConfigureAwait(false);
        layers.Secure(secured);
        return secured;
    }

    private async Task<Connected> ConnectAsync(DialRequest request, TimeSpan limit, CancellationToken cancellationToken)
    {
        TimeProvider clock = _settings.TimeProvider;
        Route route = request.Route;
        using var deadline = new DialDeadline(limit, clock, cancellationToken);
        long start = clock.GetTimestamp();
        if (route.UnixSocket is { } socket)
        {
            request.Progress.Phase = TransportPhase.Connect;
            Stream opened = await _unix.ConnectAsync(socket, request, deadline).ConfigureAwait(false);
            return new Connected(opened, socket, ResolvedAddress: null, TimeSpan.Zero, clock.GetElapsedTime(start));
        }

        if (_settings.ConnectCallback is { } callback)
        {
            request.Progress.Phase = TransportPhase.Connect;
            Stream made = await StreamCallbacks.ConnectAsync(callback, request, deadline).ConfigureAwait(false);
            return new Connected(made, RemoteEndPoint: null, ResolvedAddress: null, TimeSpan.Zero, clock.GetElapsedTime(start));
        }

        IPAddress? literal = route.EndPoints.Literal;
        bool isAddress = literal is not null;
        IDialAddresses addresses = request.Addresses ?? new DirectAddresses(route.DialedHost.Host, _settings);
        NamedAddresses names = isAddress
            ? new NamedAddresses([literal!], Known: 1, Answer: null)
            : await NameResolver.ResolveAsync(addresses, again: false, request, deadline).ConfigureAwait(false);
        TimeSpan dnsTime = isAddress ? TimeSpan.Zero : clock.GetElapsedTime(start);

        long connecting = clock.GetTimestamp();
        var attempts = new List<RaceAttempt>();
        AddressRaceResult<Stream> race = await RaceAsync(names.Order, addresses, attempts, request, deadline).ConfigureAwait(false);
        if (race.Winner is null && names.Answer is { } answer && answer.At < start)
        {
            // Story: the service has moved, and the answer that was kept is from before. So the name is asked again, at once.
            NamedAddresses newer = await NameResolver.ResolveAsync(addresses, again: true, request, deadline).ConfigureAwait(false);
            List<IPAddress> untried = newer.Order.FindAll(address => !names.Order.Contains(address));
            if (untried.Count > 0)
            {
                names = newer with { Known = names.Known + untried.Count };
                race = await RaceAsync(untried, addresses, attempts, request, deadline).ConfigureAwait(false);
            }
        }

        if (race is not { Winner: { } winner, EndPoint: { } reached })
        {
            // As in .NET, the inner exception is the one of the address tried last; the text has them all.
            string message = DialErrorTexts.ConnectFailed(route.DialedHost, Describe(attempts), names.Known);
            Exception last = attempts.FindLast(static attempt => attempt.Error is not null)?.Error
                ?? new SocketException((int)SocketError.TimedOut);
            throw DialFailure.Of(route, HttpRequestError.ConnectionError, TransportPhase.Connect, message, last);
        }

        return new Connected(winner, reached, isAddress ? null : reached.Address, dnsTime, clock.GetElapsedTime(connecting));
    }

    /// <summary>Connects to one of these addresses, or to none.</summary>
    /// <exception cref="TransportException">The time was over.</exception>
    private async Task<AddressRaceResult<Stream>> RaceAsync(
        List<IPAddress> order, IDialAddresses addresses, List<RaceAttempt> all, DialRequest request, DialDeadline deadline)
    {
        Route route = request.Route;
        Func<IPEndPoint, CancellationToken, Task<Stream>> attempt =
            request.Trace is { } trace ? (endPoint, token) => AttemptAsync(endPoint, trace, token) : _connect;
        request.Progress.Phase = TransportPhase.Connect;
        List<IPEndPoint> endPoints = order.ConvertAll(route.EndPoints.Of);
        var rules = new RaceRules { Permits = addresses, Alone = TimeAlone(request.ConnectTimeout, endPoints.Count) };
        AddressRaceResult<Stream>? race = null;
        try
        {
            race = endPoints is [var only]
                ? await LoneAttempt.RunAsync(only, attempt, _settings.TimeProvider, rules, deadline.Token).ConfigureAwait(false)
                : await AddressRace.RunAsync(endPoints, attempt, _settings.TimeProvider, rules, deadline.Token).ConfigureAwait(false);
            return race;
        }
        catch (OperationCanceledException e) when (deadline.Expired)
        {
            deadline.ThrowIfPoolCancelled();
            List<TriedAddress> tried = Describe([.. all, .. rules.Attempts]);
            string message = DialErrorTexts.ConnectTimedOut(
                route.DialedHost, tried, endPoints.Count - rules.Attempts.Count, request.ConnectTimeout);
            throw DialFailure.Timeout(route, HttpRequestError.ConnectionError, TransportPhase.Connect, message, e);
        }
        finally
        {
            all.AddRange(rules.Attempts);
            addresses.Raced(rules.Attempts, race?.EndPoint?.Address);
        }
    }

    /// <summary>The time of one address while there is no permit for two at a time: its share, within reason.</summary>
    private static TimeSpan TimeAlone(TimeSpan connectTimeout, int addresses)
    {
        TimeSpan share = connectTimeout == Timeout.InfiniteTimeSpan ? AddressRace.AttemptAlone : connectTimeout / (addresses + 1);
        return share < AddressRace.AttemptDelay ? AddressRace.AttemptDelay
            : share > AddressRace.AttemptAlone ? AddressRace.AttemptAlone
            : share;
    }

    private static List<TriedAddress> Describe(IEnumerable<RaceAttempt> attempts) =>
        [.. attempts.Select(static attempt => new TriedAddress(attempt.EndPoint.Address, attempt.Error, attempt.Unanswered))];

    private async Task<Stream> AttemptAsync(IPEndPoint endPoint, RequestTrace trace, CancellationToken cancellationToken)
    {
        EndPoint shown = RouteEndPoints.CopyForUser(endPoint)!;
        UserCode.Tell(trace.ConnectStart, shown);
        try
        {
            Stream stream = await _connect(endPoint, cancellationToken).ConfigureAwait(false);
            UserCode.Tell<EndPoint, Exception?>(trace.ConnectDone, shown, null);
            return stream;
        }
        catch (Exception e)
        {
            UserCode.Tell<EndPoint, Exception?>(trace.ConnectDone, shown, e);
            throw;
        }
    }

    // An object, because the code of a task of a struct is compiled by each program at its first request.
    private sealed record Connected(
        Stream Stream, EndPoint? RemoteEndPoint, IPAddress? ResolvedAddress, TimeSpan DnsTime, TimeSpan ConnectTime);
}
