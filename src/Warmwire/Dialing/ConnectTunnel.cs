using System.Net;
using System.Net.Http.Headers;
using Warmwire.Authentication;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Proxies;
using Warmwire.Runtime;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>Asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6), and answers its 407. One for a dial.</summary>
internal sealed class ConnectTunnel : IDisposable
{
    private const int ReadSize = 4096;

    private readonly HandlerSettings _settings;
    private readonly DialRequest _request;
    private readonly ProxyHop _proxy;

    /// <summary>There are credentials.</summary>
    private readonly TunnelAuthentication? _authentication;
    private bool _hasBegun;
    private byte[] _buffer = [];
    private int _count;

    public ConnectTunnel(HandlerSettings settings, DialRequest request, ProxyHop proxy)
    {
        _settings = settings;
        _request = request;
        _proxy = proxy;
        _authentication = proxy.Credentials is { } credentials
            ? new TunnelAuthentication(settings, proxy, credentials, ConnectRequest.AuthorityOf(request.Route.HostAndPort))
            : null;
    }

    /// <summary>What came behind the answer that opened the tunnel: the server's first bytes.</summary>
    public ReadOnlyMemory<byte> Early => _buffer.AsMemory(0, _count);

    /// <summary>
    /// Asks on this connection, as often as the proxy and its authentication want. <see langword="false"/>: to be asked again on another.
    /// </summary>
    /// <param name="stream">Leads to the proxy.</param>
    /// <param name="channel">The TLS channel to the proxy, which NTLM and Negotiate bind their credentials to.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TransportException">The proxy refuses.</exception>
    /// <exception cref="WireFormatException">Its answer is malformed.</exception>
    /// <exception cref="IOException">It closed.</exception>
    public async Task<bool> TryOpenAsync(Stream stream, TransportContext? channel, CancellationToken cancellationToken)
    {
        // Story: the proxy was too slow with a body, and a read of that connection, which a foreign stream does not give up, ends while the
        // next one is read. It has the buffer to itself.
        (_buffer, _count) = ([], 0);
        if (_authentication is not null && !_hasBegun)
        {
            _hasBegun = true;
            await _authentication.BeginAsync(channel, cancellationToken).ConfigureAwait(false);
        }
        else if (_authentication is not null)
        {
            await _authentication.BeginAgainAsync(channel, cancellationToken).ConfigureAwait(false);
        }

        for (bool isFirst = true; ; isFirst = false)
        {
            await SendAsync(stream, cancellationToken).ConfigureAwait(false);

            // Story: the proxy has said nothing of closing behind its 407, and closes all the same. The answer goes on another connection,
            // unless it belongs to this one.
            bool mayEnd = !isFirst && _authentication is { NeedsSameConnection: false };
            if (await ReadHeadAsync(stream, mayEnd, cancellationToken).ConfigureAwait(false) is not { } answer)
            {
                return false;
            }

            if (answer.IsTunnel)
            {
                _authentication?.Accept(answer);
                return true;
            }

            ConnectAnswerBody body = await ReadBodyAsync(stream, answer.Framing, cancellationToken).ConfigureAwait(false);
            if (answer.StatusCode != (int)HttpStatusCode.ProxyAuthenticationRequired
                || _authentication is null
                || !await _authentication.TryAnswerAsync(answer, channel, cancellationToken).ConfigureAwait(false))
            {
                throw Refusal(answer, body);
            }

            if (!body.IsComplete || !answer.Framing.KeepAlive || _count > 0)
            {
                return _authentication.NeedsSameConnection ? throw Refusal(answer, body) : false;
            }
        }
    }

    public void Dispose() => _authentication?.Dispose();

    private async Task SendAsync(Stream stream, CancellationToken cancellationToken)
    {
        var output = new OutputBuffer();
        ConnectRequest.Write(output, _request.Route.HostAndPort, UserAgentOf(_request.InitialRequest), _authentication?.Answer);
        await stream.WriteAsync(output.Written, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);

        // After a write that failed the stream may still read the buffer: then it is left to the garbage collector.
        output.Release();
    }

    /// <summary>The final answer's head. <see langword="null"/>: there was none, where that is allowed.</summary>
    private async Task<ConnectAnswer?> ReadHeadAsync(Stream stream, bool mayEnd, CancellationToken cancellationToken)
    {
        var scanner = new HeadScanner(isTrailer: false);
        int limit = _settings.MaxResponseHeadersBytes;
        int passed = 0;
        int interim = 0;
        while (true)
        {
            if (_count > 0 && scanner.TryFindEnd(_buffer.AsSpan(0, _count), out int length))
            {
                ConnectAnswer answer = ConnectAnswer.Parse(_buffer.AsSpan(0, length), _settings.MaxResponseHeaderCount);
                Drop(length);
                if (!answer.IsInterim)
                {
                    return answer;
                }

                passed += length;
                scanner.Reset();
                if (++interim > ProxyLimits.InterimAnswers)
                {
                    throw new WireFormatException(ProxyErrorTexts.TooManyInterimAnswers(ProxyLimits.InterimAnswers));
                }

                continue;
            }

            if (passed + _count >= limit)
            {
                throw new WireFormatException(ProxyErrorTexts.AnswerTooLong(limit), "PooledHttpHandler.MaxResponseHeadersLength");
            }

            int read = await ReadMoreAsync(stream, mayEnd && _count == 0, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return mayEnd && _count + passed == 0 ? null : throw new EndOfStreamException(ProxyErrorTexts.ClosedInMessage);
            }
        }
    }

    /// <summary>Reads the body, within the limits of size and time that hold for what nobody wants to read.</summary>
    private async Task<ConnectAnswerBody> ReadBodyAsync(Stream stream, FramingResult framing, CancellationToken cancellationToken)
    {
        var body = new ConnectAnswerBody(framing);
        using var timer = new CancellationTokenSource(_settings.ResponseDrainTimeout, _settings.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            while (true)
            {
                Drop(body.Take(_buffer.AsSpan(0, _count)));
                if (body.IsComplete || body.IsTooLong)
                {
                    return body;
                }

                Task<int> reading = ReadMoreAsync(stream, mayFail: true, either.Token);
                if (await reading.WaitAsync(either.Token).ConfigureAwait(false) == 0)
                {
                    return body;
                }
            }
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Too slow, or malformed. What the head says is told all the same, and the connection is not used again.
            return body;
        }
    }

    private async Task<int> ReadMoreAsync(Stream stream, bool mayFail, CancellationToken cancellationToken)
    {
        if (_buffer.Length - _count < ReadSize)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, ReadSize));
        }

        try
        {
            byte[] buffer = _buffer;
            int read = await stream.ReadAsync(buffer.AsMemory(_count), cancellationToken).ConfigureAwait(false);
            _count += ReferenceEquals(buffer, _buffer) ? read : 0;
            return read;
        }
        catch (IOException) when (mayFail)
        {
            return 0;
        }
    }

    private void Drop(int count)
    {
        _buffer.AsSpan(count, _count - count).CopyTo(_buffer);
        _count -= count;
    }

    private TransportException Refusal(ConnectAnswer answer, ConnectAnswerBody body)
    {
        Route route = _request.Route;
        string message = answer.StatusCode == (int)HttpStatusCode.ProxyAuthenticationRequired
            ? ProxyErrorTexts.TunnelNeedsAuthentication(
                _proxy.Text, route.HostAndPort, SchemesOf(answer.Challenges), _proxy.Credentials is not null)
            : ProxyErrorTexts.TunnelRefused(
                _proxy.Text, route.HostAndPort, answer.StatusCode, answer.Reason, AnswerExcerpt.Of(body.Begin));
        return DialFailure.OfProxy(route, message, (HttpStatusCode)answer.StatusCode);
    }

    /// <summary>For people: <c>Basic, NTLM</c>.</summary>
    private static string SchemesOf(IReadOnlyList<string> challenges) => string.Join(
        ", ",
        challenges.SelectMany(static field => ChallengeParser.Parse(field))
            .Take(ProxyLimits.Challenges)
            .Select(static found => WireText.Show(found.Scheme)));

    /// <summary>What the request says of itself that asked for the connection, if that can be said to the proxy as it is.</summary>
    private static string? UserAgentOf(HttpRequestMessage? request)
    {
        try
        {
            if (request is null
                || FrameworkFields.HeadersOf(request) is not { } headers
                || !headers.NonValidated.TryGetValues("User-Agent", out HeaderStringValues values))
            {
                return null;
            }

            string agent = string.Join(' ', (IEnumerable<string>)values);
            return agent.AsSpan().ContainsAnyExceptInRange(' ', '~') ? null : agent;
        }
        catch (InvalidOperationException)
        {
            // Story: the request has been served by another connection, and its owner changes it while the dial reads it.
            return null;
        }
    }
}
