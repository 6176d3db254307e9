using System.Net;
using System.Security.Cryptography;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// One hop of a request with the answers to the challenges of one side, the server or the proxy before it: from its first sending to the
/// response that is not asked to be answered, or cannot be. (RFC 9110 §11.6, §11.7)
/// </summary>
internal abstract class HopAuthentication
{
    private readonly AuthenticationMemory _memory;
    private AuthenticationRequest? _about;

    /// <param name="sender">Sends attempts.</param>
    /// <param name="settings">The handler's.</param>
    /// <param name="hop">The request.</param>
    /// <param name="credentials">Code of the program.</param>
    /// <param name="target">Who asks.</param>
    /// <param name="memory">What it has accepted before.</param>
    protected HopAuthentication(
        IAttemptSender sender,
        HandlerSettings settings,
        Hop hop,
        ICredentials credentials,
        AuthenticationTarget target,
        AuthenticationMemory memory)
    {
        Sender = sender;
        Settings = settings;
        Hop = hop;
        Credentials = credentials;
        Target = target;
        _memory = memory;
    }

    public IAttemptSender Sender { get; }

    public HandlerSettings Settings { get; }

    public Hop Hop { get; }

    /// <summary>What an answer is made for.</summary>
    public AuthenticationRequest About => _about ??= new(MethodNames.Canonical(Hop.Request.Method.Method), RequestTarget)
    {
        HostHeader = RequestRules.HostHeaderOf(Hop.Request),
        HashBodyAsync = Hop.Request.Content is { } content
            ? (hash, cancellationToken) => HashAsync(content, hash, cancellationToken)
            : null,
    };

    protected ICredentials Credentials { get; }

    protected AuthenticationTarget Target { get; }

    /// <summary>The target as this side is told it (RFC 9112 §3.2), which Digest puts into its hash.</summary>
    protected abstract string RequestTarget { get; }

    /// <summary>The request as a message of an authentication, on a connection that is held for it.</summary>
    /// <param name="answer">The value of the field; <see langword="null"/>: the connection is authenticated already, perhaps.</param>
    /// <param name="replays">How often the request was sent before, in vain.</param>
    public abstract Attempt NewAttempt(string? answer, int replays);

    /// <summary>Whom a connection is authenticated as.</summary>
    public abstract ConnectionIdentity IdentityOf(in CredentialChoice choice);

    /// <summary>A response was answered, so the caller will not see it.</summary>
    public virtual void Received(HttpResponseMessage response)
    {
    }

    /// <summary>Sends the request, and answers what is asked.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync()
    {
        string origin = new AuthenticationTarget(Hop.Request.RequestUri!, IsProxy: false).Origin;
        try
        {
            return await SendAndAnswerAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (
            Hop.CancellationToken.IsCancellationRequested
            && !(e is TaskCanceledException cancelled && cancelled.CancellationToken == Hop.CancellationToken))
        {
            // Of a wait that ends with more than the caller's token, which is the one he knows; or a failure that came beside it.
            throw new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, Hop.CancellationToken);
        }
        catch (OperationCanceledException) when (Hop.Total is { HasExpired: true } total)
        {
            throw TransportErrors.TotalTimeout(origin, total, TransportPhase.ReadHeaders);
        }
        catch (HttpRequestException e) when (e is not TransportException)
        {
            // The program's code threw.
            throw new TransportException(
                HttpRequestError.Unknown,
                e.Message,
                e.InnerException,
                TransportPhase.ReadHeaders,
                Hop.Last?.Progress.Sent ?? RequestSent.No,
                origin,
                connectionId: null);
        }
    }

    /// <summary>
    /// Whether NTLM and Negotiate can be used. They need a connection that is not shared, as HTTP/2's are, and stays open between requests.
    /// </summary>
    /// <param name="challenged">The response that asks for them; <see langword="null"/>: nothing was sent yet.</param>
    protected virtual bool AllowsConnectionBound(HttpResponseMessage? challenged)
    {
        HttpRequestMessage request = Hop.Request;
        return (request.Version == HttpVersion.Version11
                || (request.Version.Major >= 2 && request.VersionPolicy == HttpVersionPolicy.RequestVersionOrLower))
            && request.Headers.ConnectionClose != true;
    }

    /// <summary>Sends the request with the answer, or as it is, on any connection.</summary>
    protected abstract ValueTask<HttpResponseMessage> SendAsync(string? answer);

    private async ValueTask<HttpResponseMessage> SendAndAnswerAsync()
    {
        using var dialogue = new AuthenticationDialogue(Credentials, Target, _memory, Settings.Negotiations);
        HttpResponseMessage response = await SendFirstAsync(dialogue).ConfigureAwait(false);
        try
        {
            // What was negotiated on a connection ends with its response.
            while (!dialogue.IsConnectionBound
                && dialogue.Choose(Target.ChallengesOf(response), AllowsConnectionBound(response)) is { } choice
                && await IsFreeToSendAgainAsync().ConfigureAwait(false))
            {
                HttpResponseMessage? next = SchemeTable.IsConnectionBound(choice.Scheme)
                    ? await SendConnectionBoundAsync(dialogue, choice, response).ConfigureAwait(false)
                    : await AnswerAsync(dialogue, choice, response).ConfigureAwait(false);
                if (next is null)
                {
                    break;
                }

                response = next;
            }

            // What the proxy has refused the server did not see.
            if (response.StatusCode == Target.Status
                || response.StatusCode != HttpStatusCode.ProxyAuthenticationRequired
                || !Hop.IsForwarded)
            {
                dialogue.End(response, Target.Uri.AbsolutePath);
            }

            return response;
        }
        catch
        {
            // The program's code threw, or an answer failed: nobody gets this response.
            response.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The request as it is, or with what was accepted before. A field of the caller's own is sent first, and replaced where it is refused.
    /// </summary>
    private ValueTask<HttpResponseMessage> SendFirstAsync(AuthenticationDialogue dialogue)
    {
        if (Hop.Request.Headers.NonValidated.Contains(Target.AnswerField))
        {
            return SendAsync(answer: null);
        }

        if (_memory.ConnectionSchemeOf(Target) is { } scheme
            && AllowsConnectionBound(challenged: null)
            && CredentialChoice.CredentialFor(Credentials, Target, scheme) is { } credential)
        {
            var choice = new CredentialChoice(scheme, new Challenge(SchemeTable.NameOf(scheme)), credential);
            return SendOnAuthenticatedAsync(dialogue, choice);
        }

        return SendAsync(_memory.HasAny ? dialogue.AnswerAhead(About) : null);
    }

    /// <summary>The target authenticates its connections: at once on one of the identity's own.</summary>
    private async ValueTask<HttpResponseMessage> SendOnAuthenticatedAsync(AuthenticationDialogue dialogue, CredentialChoice choice)
    {
        var exchange = new ConnectionAuthentication(this, dialogue, choice);
        HttpResponseMessage response = await exchange.SendAsync().ConfigureAwait(false);
        if (response.StatusCode == Target.Status
            && !Target.ChallengesOf(response).Exists(challenge => challenge.Is(choice.Scheme)))
        {
            // It did; what it asks for now is answered as if it were asked first.
            _memory.ForgetConnectionScheme(Target);
            dialogue.BeginAnew();
        }

        return response;
    }

    private async ValueTask<HttpResponseMessage?> AnswerAsync(
        AuthenticationDialogue dialogue, CredentialChoice choice, HttpResponseMessage challenged)
    {
        if (await TimedAnswer.MakeAsync(Hop, Settings, dialogue, choice, About).ConfigureAwait(false) is not { } answer)
        {
            return null;
        }

        Received(challenged);
        await ChallengedResponse.DrainAsync(challenged, Hop, Settings).ConfigureAwait(false);
        challenged.Dispose();
        return await SendAsync(answer).ConfigureAwait(false);
    }

    private async ValueTask<HttpResponseMessage?> SendConnectionBoundAsync(
        AuthenticationDialogue dialogue, CredentialChoice choice, HttpResponseMessage challenged)
    {
        // Its connection is given back before another is asked for, or a request would hold one and wait for the next.
        Received(challenged);
        bool isWhole = await ChallengedResponse.DrainAsync(challenged, Hop, Settings).ConfigureAwait(false);
        var exchange = new ConnectionAuthentication(this, dialogue, choice);
        return await exchange.SendAsync(isWhole ? challenged : null).ConfigureAwait(false);
    }

    /// <summary>The body is at hand once more, and nothing of the last attempt reads it still.</summary>
    private async ValueTask<bool> IsFreeToSendAgainAsync() =>
        Hop.CanSendAgain
        && (Hop.Last is not { } last || await ReplayRules.IsContentFreeAsync(last, Settings.TimeProvider).ConfigureAwait(false));

    private static async ValueTask<bool> HashAsync(HttpContent content, IncrementalHash hash, CancellationToken cancellationToken)
    {
        if (!ContentReplay.CanProduceAgain(content))
        {
            return false;
        }

        try
        {
            using var stream = new HashingStream(hash);
            await content.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            throw new HttpRequestException(AuthenticationErrorTexts.ContentFailed(e), e);
        }
    }
}
