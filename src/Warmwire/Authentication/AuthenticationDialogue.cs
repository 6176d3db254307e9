using System.Net;
using System.Security.Cryptography;

namespace Warmwire.Authentication;

/// <summary>
/// The answers of one request to the challenges of one server or proxy: one for Basic and Digest, several for NTLM and Negotiate, which
/// have to go out on the connection that brought the challenge. Owned by one request; disposed with it.
/// </summary>
internal sealed class AuthenticationDialogue : IDisposable
{
    private readonly ICredentials _credentials;
    private readonly AuthenticationTarget _target;
    private readonly AuthenticationMemory? _memory;
    private readonly INegotiationFactory _negotiations;
    private INegotiation? _negotiation;
    private CredentialChoice? _answered;
    private DigestSession? _digest;
    private string? _lastAnswer;
    private int _answers;

    /// <param name="credentials">Code of the program.</param>
    /// <param name="target">Who asks.</param>
    /// <param name="memory">What was answered before, and where what works is kept; <see langword="null"/>: nowhere.</param>
    /// <param name="negotiations">What begins NTLM and Negotiate.</param>
    public AuthenticationDialogue(
        ICredentials credentials, in AuthenticationTarget target, AuthenticationMemory? memory, INegotiationFactory negotiations)
    {
        _credentials = credentials;
        _target = target;
        _memory = memory;
        _negotiations = negotiations;
    }

    public AuthenticationTarget Target => _target;

    /// <summary>
    /// Whether a negotiation has begun, so that the next message has to go out on the same connection, and a connection that was closed
    /// ends it.
    /// </summary>
    public bool IsConnectionBound => _negotiation is not null;

    /// <summary>The answer that is sent before the server asks, from what was answered before; most often there is none.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public string? AnswerAhead(in AuthenticationRequest request) =>
        _lastAnswer = _memory?.Recall(_target, request, _credentials, out _digest);

    /// <summary>
    /// The challenge to answer; <see langword="null"/>: there is none that can be answered, or the server has refused the answer.
    /// </summary>
    /// <param name="challenges">What the server offers.</param>
    /// <param name="allowsConnectionBound">Whether the request can go with HTTP/1.1, which NTLM and Negotiate need.</param>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public CredentialChoice? Choose(List<Challenge> challenges, bool allowsConnectionBound = true)
    {
        if (challenges.Count == 0 || _answers == AuthenticationLimits.Answers)
        {
            return null;
        }

        if (_negotiation is not null && _answered is { } begun)
        {
            // It goes on as long as the server sends tokens; a challenge without one is its refusal.
            return challenges.Find(challenge => challenge.Is(begun.Scheme)) is { Token: not null } next
                ? begun with { Challenge = next }
                : null;
        }

        if (CredentialChoice.Strongest(challenges, _credentials, _target, allowsConnectionBound) is not { } choice)
        {
            return null;
        }

        // The same scheme once more means that name or password are wrong, but where Digest says that only the nonce was over. A weaker one
        // is not tried behind a stronger: who is on the way could ask for it to get the password.
        return _answered is { } before && choice.Scheme <= before.Scheme && choice.Digest is not { IsStale: true } ? null : choice;
    }

    /// <summary>The value of the field that answers the challenge; <see langword="null"/>: there is no answer, or it was refused.</summary>
    public async ValueTask<string?> AnswerAsync(
        CredentialChoice choice, AuthenticationRequest request, CancellationToken cancellationToken)
    {
        _answers++;
        _answered = choice;
        switch (choice.Scheme)
        {
            case AuthenticationScheme.Basic:
                string basic = BasicAuthentication.Answer(choice.Credential);
                if (basic == _lastAnswer)
                {
                    return null;
                }

                return _lastAnswer = basic;

            case AuthenticationScheme.Digest:
                _digest = new DigestSession(choice.Digest!);
                return _lastAnswer = await DigestAsync(_digest, choice.Credential, request, cancellationToken).ConfigureAwait(false);

            default:
                return _lastAnswer = await NegotiateAsync(choice, request, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What was negotiated on a connection that is gone is forgotten; another one begins anew.</summary>
    public void BeginAnew()
    {
        _negotiation?.Dispose();
        _negotiation = null;
        _answered = null;
    }

    /// <summary>The response is the last of the request: if it is none that asks, what was answered is remembered.</summary>
    /// <param name="response">The response of the server or proxy.</param>
    /// <param name="path">The path of the request.</param>
    public void End(HttpResponseMessage response, string path)
    {
        if (response.StatusCode != _target.Status)
        {
            Accept(_digest is null ? null : _target.InfoOf(response), path);
        }
    }

    /// <summary>The request was let through, so what was answered is remembered.</summary>
    /// <param name="info">What the server or proxy says besides, in <see cref="AuthenticationTarget.InfoField"/>.</param>
    /// <param name="path">The path of the request.</param>
    public void Accept(string? info, string path)
    {
        if (info is not null)
        {
            _digest?.TakeInfo(info);
        }

        if (_answered is { } answered)
        {
            _memory?.Remember(_target, path, answered, _digest);
        }
    }

    public void Dispose() => _negotiation?.Dispose();

    private static async ValueTask<string?> DigestAsync(
        DigestSession digest, NetworkCredential credential, AuthenticationRequest request, CancellationToken cancellationToken)
    {
        if (!digest.NeedsBody || request.HashBodyAsync is null)
        {
            return digest.Answer(credential, request.Method, request.Uri);
        }

        using IncrementalHash hash = digest.BeginBody();
        return await request.HashBodyAsync(hash, cancellationToken).ConfigureAwait(false)
            ? digest.Answer(credential, request.Method, request.Uri, hash.GetHashAndReset())
            : null;
    }

    private async ValueTask<string?> NegotiateAsync(
        CredentialChoice choice, AuthenticationRequest request, CancellationToken cancellationToken)
    {
        string targetName = _negotiation is not null
            ? ""
            : await ServicePrincipalName.OfAsync(_target, request.HostHeader, cancellationToken).ConfigureAwait(false);

        // On another thread, because the system may ask a domain controller over the network. In the caller's context: he may impersonate.
        var options = new NegotiationOptions(choice.Scheme, choice.Credential, targetName, request.Binding, _target.IsProxy);
        INegotiation? begun = _negotiation;
        _negotiation = null;
        Task<NegotiationStep> step = Task.Run(() => Step(begun, options, choice.Challenge.Token), CancellationToken.None);
        try
        {
            (_negotiation, string? token) = await step.WaitAsync(cancellationToken).ConfigureAwait(false);
            return token is null ? null : $"{SchemeTable.NameOf(choice.Scheme)} {token}";
        }
        catch (OperationCanceledException)
        {
            // Story: the domain controller does not answer, and the caller goes. The system still works on what would be disposed with the
            // dialogue; so it is disposed behind that.
            _ = step.ContinueWith(static step => step.Result.Negotiation?.Dispose(), TaskScheduler.Default);
            throw;
        }
    }

    private NegotiationStep Step(INegotiation? negotiation, in NegotiationOptions options, string? token)
    {
        try
        {
            bool begins = negotiation is null;
            negotiation ??= _negotiations.Begin(options);
            return new NegotiationStep(negotiation, negotiation.Next(begins ? null : token));
        }
        catch (Exception)
        {
            // No such package, or none of its libraries, on this machine: then the server's refusal is the answer, as in .NET.
            return new NegotiationStep(negotiation, Token: null);
        }
    }

    private sealed record NegotiationStep(INegotiation? Negotiation, string? Token);
}
