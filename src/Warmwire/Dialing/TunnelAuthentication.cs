using System.Net;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Proxies;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>
/// The answers of one dial to what a proxy asks of its CONNECTs (RFC 9110 §11.7). The messages of NTLM and Negotiate go out on the
/// connection that is being dialed, which is nobody else's yet.
/// </summary>
internal sealed class TunnelAuthentication : IDisposable
{
    private readonly ProxyHop _proxy;
    private readonly ICredentials _credentials;
    private readonly HandlerSettings _settings;
    private readonly AuthenticationDialogue _dialogue;
    private readonly AuthenticationRequest _about;

    /// <summary>What was begun before the proxy has asked for it.</summary>
    private AuthenticationScheme? _unasked;

    /// <summary>What the answer was made for.</summary>
    private CredentialChoice? _answered;

    /// <param name="settings">The handler's.</param>
    /// <param name="proxy">The proxy.</param>
    /// <param name="credentials">The proxy's credentials: code of the program.</param>
    /// <param name="authority">The target of the CONNECTs, which Digest puts into its hash.</param>
    public TunnelAuthentication(HandlerSettings settings, ProxyHop proxy, ICredentials credentials, string authority)
    {
        _proxy = proxy;
        _credentials = credentials;
        _settings = settings;
        _dialogue = new AuthenticationDialogue(credentials, proxy.Target, proxy.Memory, settings.Negotiations);
        _about = new AuthenticationRequest("CONNECT", authority);
    }

    /// <summary>The value of <c>Proxy-Authorization</c> of the next CONNECT; <see langword="null"/>: it goes without.</summary>
    public string? Answer { get; private set; }

    /// <summary>It answers a token that came on this connection, and means nothing on another.</summary>
    public bool NeedsSameConnection { get; private set; }

    /// <summary>Before the first CONNECT: what the proxy has accepted before is said at once.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public async ValueTask BeginAsync(TransportContext? channel, CancellationToken cancellationToken)
    {
        if (!_proxy.Memory.HasAny)
        {
            return;
        }

        // Code of the program may block. It must not do so in front of the time the dial has.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (_proxy.Memory.ConnectionSchemeOf(_proxy.Target) is { } scheme
            && CredentialChoice.CredentialFor(_credentials, _proxy.Target, scheme) is { } credential)
        {
            _unasked = scheme;
            await MakeAsync(new CredentialChoice(scheme, new Challenge(SchemeTable.NameOf(scheme)), credential), channel, cancellationToken)
                .ConfigureAwait(false);
        }
        else
        {
            Answer = _dialogue.AnswerAhead(_about);
        }
    }

    /// <summary>
    /// The proxy has closed, and the answer goes on another connection: a first message is made anew, because it is bound to the channel of
    /// the one it goes on.
    /// </summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public async ValueTask BeginAgainAsync(TransportContext? channel, CancellationToken cancellationToken)
    {
        if (channel is not null && _answered is { } choice && SchemeTable.IsConnectionBound(choice.Scheme))
        {
            _dialogue.BeginAnew();
            await MakeAsync(choice, channel, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Answers a 407. <see langword="false"/>: there is no answer, or it was refused.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public async ValueTask<bool> TryAnswerAsync(ConnectAnswer refusal, TransportContext? channel, CancellationToken cancellationToken)
    {
        List<Challenge> challenges = ChallengeParser.Parse(refusal.Challenges);
        if (_unasked is { } unasked && !challenges.Exists(challenge => challenge.Is(unasked)))
        {
            // It did authenticate its connections; what it asks for now is answered as if it were asked first.
            _proxy.Memory.ForgetConnectionScheme(_proxy.Target);
            _dialogue.BeginAnew();
        }

        _unasked = null;
        bool begun = _dialogue.IsConnectionBound;
        if (_dialogue.Choose(challenges) is not { } choice)
        {
            return false;
        }

        await MakeAsync(choice, channel, cancellationToken).ConfigureAwait(false);
        NeedsSameConnection = begun;
        return Answer is not null;
    }

    /// <summary>The tunnel is open.</summary>
    public void Accept(ConnectAnswer answer) => _dialogue.Accept(answer.AuthenticationInfo, _proxy.Address.AbsolutePath);

    public void Dispose() => _dialogue.Dispose();

    private async ValueTask MakeAsync(CredentialChoice choice, TransportContext? channel, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AuthenticationLimits.Answer, _settings.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        _answered = choice;
        try
        {
            AuthenticationRequest about = SchemeTable.IsConnectionBound(choice.Scheme)
                ? _about with { Binding = TlsChannel.BindingOf(channel) }
                : _about;
            Answer = await _dialogue.AnswerAsync(choice, about, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The domain controller does not answer: then the proxy's refusal stands.
            Answer = null;
        }
    }
}
