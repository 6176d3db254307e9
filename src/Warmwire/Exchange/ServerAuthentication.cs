using System.Net;
using System.Security.Cryptography;
using Warmwire.Authentication;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// Answers the challenges of origin servers with the handler's credentials (RFC 9110 §11.6): one hop of a request, from its first sending
/// to the response that is not asked to be answered, or cannot be.
/// </summary>
internal sealed class ServerAuthentication
{
    private readonly ICredentials _credentials;
    private readonly HandlerSettings _settings;
    private readonly IAttemptSender _sender;
    private readonly AuthenticationMemory _memory;

    public ServerAuthentication(ICredentials credentials, HandlerSettings settings, IAttemptSender sender)
    {
        _credentials = credentials;
        _settings = settings;
        _sender = sender;
        _memory = new AuthenticationMemory(settings.PreAuthenticate);
    }

    /// <summary>
    /// Whether a redirect's target may have credentials. Elsewhere than where the caller sent his request only those that are tied to a URI
    /// are used: any other object gives what it has to whom it is asked about. (.NET uses no others behind any redirect.)
    /// </summary>
    public bool MayAuthenticate(Uri first, Uri target) => _credentials is CredentialCache || RedirectPolicy.IsSameOrigin(first, target);

    /// <summary>Sends the request, and answers what is asked.</summary>
    public async ValueTask<HttpResponseMessage> SendAsync(Hop hop)
    {
        try
        {
            return await SendAndAnswerAsync(hop).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (
            hop.CancellationToken.IsCancellationRequested
            && !(e is TaskCanceledException && e.CancellationToken == hop.CancellationToken))
        {
            // Of a wait that ends with more than the caller's token, which is the one he knows.
            throw new TaskCanceledException(ErrorTexts.Cancelled, innerException: null, hop.CancellationToken);
        }
        catch (OperationCanceledException) when (hop.Total is { HasExpired: true } total)
        {
            throw TransportErrors.TotalTimeout(TargetOf(hop).Origin, total, TransportPhase.ReadHeaders);
        }
        catch (HttpRequestException e) when (e is not TransportException)
        {
            // The program's code threw.
            throw new TransportException(
                HttpRequestError.Unknown,
                e.Message,
                e.InnerException,
                TransportPhase.ReadHeaders,
                hop.Last?.Progress.Sent ?? RequestSent.No,
                TargetOf(hop).Origin,
                connectionId: null);
        }
    }

    private async ValueTask<HttpResponseMessage> SendAndAnswerAsync(Hop hop)
    {
        HttpRequestMessage request = hop.Request;
        AuthenticationTarget target = TargetOf(hop);
        AuthenticationRequest about = AboutOf(request);
        bool allowsConnectionBound = AllowsConnectionBound(request);
        using var dialogue = new AuthenticationDialogue(_credentials, target, _memory, _settings.Negotiations);
        HttpResponseMessage response = await SendFirstAsync(hop, dialogue, about, allowsConnectionBound).ConfigureAwait(false);
        try
        {
            // What was negotiated on a connection ends with its response.
            while (!dialogue.IsConnectionBound
                && dialogue.Choose(target.ChallengesOf(response), allowsConnectionBound) is { } choice
                && await IsFreeToSendAgainAsync(hop).ConfigureAwait(false))
            {
                HttpResponseMessage? next = SchemeTable.IsConnectionBound(choice.Scheme)
                    ? await SendConnectionBoundAsync(hop, dialogue, choice, about, response).ConfigureAwait(false)
                    : await AnswerAsync(hop, dialogue, choice, about, response).ConfigureAwait(false);
                if (next is null)
                {
                    break;
                }

                response = next;
            }

            dialogue.End(response, target.Uri.AbsolutePath);
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
    private ValueTask<HttpResponseMessage> SendFirstAsync(
        Hop hop, AuthenticationDialogue dialogue, AuthenticationRequest about, bool allowsConnectionBound)
    {
        if (hop.Request.Headers.NonValidated.Contains(dialogue.Target.AnswerField))
        {
            return _sender.SendAsync(hop, authorization: null);
        }

        if (allowsConnectionBound
            && _memory.ConnectionSchemeOf(dialogue.Target) is { } scheme
            && CredentialChoice.CredentialFor(_credentials, dialogue.Target, scheme) is { } credential)
        {
            var choice = new CredentialChoice(scheme, new Challenge(SchemeTable.NameOf(scheme)), credential);
            return SendOnAuthenticatedAsync(hop, dialogue, choice, about);
        }

        return _sender.SendAsync(hop, dialogue.AnswerAhead(about) is { } ahead ? new AuthorizationFields(ahead) : null);
    }

    /// <summary>The origin authenticates its connections: at once on one of the identity's own.</summary>
    private async ValueTask<HttpResponseMessage> SendOnAuthenticatedAsync(
        Hop hop, AuthenticationDialogue dialogue, CredentialChoice choice, AuthenticationRequest about)
    {
        var exchange = new ConnectionAuthentication(_sender, _settings, hop, dialogue, choice, about);
        HttpResponseMessage response = await exchange.SendAsync().ConfigureAwait(false);
        if (response.StatusCode == dialogue.Target.Status
            && !dialogue.Target.ChallengesOf(response).Exists(challenge => challenge.Is(choice.Scheme)))
        {
            // It did; what it asks for now is answered as if it were asked first.
            _memory.ForgetConnectionScheme(dialogue.Target);
            dialogue.BeginAnew();
        }

        return response;
    }

    private async ValueTask<HttpResponseMessage?> AnswerAsync(
        Hop hop,
        AuthenticationDialogue dialogue,
        CredentialChoice choice,
        AuthenticationRequest about,
        HttpResponseMessage challenged)
    {
        if (await TimedAnswer.MakeAsync(hop, _settings, dialogue, choice, about).ConfigureAwait(false) is not { } answer)
        {
            return null;
        }

        _sender.Received(hop, challenged);
        await ChallengedResponse.DrainAsync(challenged, hop, _settings).ConfigureAwait(false);
        challenged.Dispose();
        return await _sender.SendAsync(hop, new AuthorizationFields(answer)).ConfigureAwait(false);
    }

    private async ValueTask<HttpResponseMessage?> SendConnectionBoundAsync(
        Hop hop,
        AuthenticationDialogue dialogue,
        CredentialChoice choice,
        AuthenticationRequest about,
        HttpResponseMessage challenged)
    {
        // Its connection is given back before another is asked for, or a request would hold one and wait for the next.
        _sender.Received(hop, challenged);
        bool isWhole = await ChallengedResponse.DrainAsync(challenged, hop, _settings).ConfigureAwait(false);
        var exchange = new ConnectionAuthentication(_sender, _settings, hop, dialogue, choice, about);
        return await exchange.SendAsync(isWhole ? challenged : null).ConfigureAwait(false);
    }

    /// <summary>The body is at hand once more, and nothing of the last attempt reads it still.</summary>
    private async ValueTask<bool> IsFreeToSendAgainAsync(Hop hop) =>
        hop.CanSendAgain
        && (hop.Last is not { } last || await ReplayRules.IsContentFreeAsync(last, _settings.TimeProvider).ConfigureAwait(false));

    private static AuthenticationTarget TargetOf(Hop hop) => new(hop.Request.RequestUri!, IsProxy: false);

    /// <summary>NTLM and Negotiate need a connection that is not shared, as HTTP/2's are, and stays open between requests.</summary>
    private static bool AllowsConnectionBound(HttpRequestMessage request) =>
        (request.Version == HttpVersion.Version11
            || (request.Version.Major >= 2 && request.VersionPolicy == HttpVersionPolicy.RequestVersionOrLower))
        && request.Headers.ConnectionClose != true;

    private static AuthenticationRequest AboutOf(HttpRequestMessage request) =>
        new(MethodNames.Canonical(request.Method.Method), request.RequestUri!.PathAndQuery)
        {
            HostHeader = RequestRules.HostHeaderOf(request),
            HashBodyAsync = request.Content is { } content
                ? (hash, cancellationToken) => HashAsync(content, hash, cancellationToken)
                : null,
        };

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
