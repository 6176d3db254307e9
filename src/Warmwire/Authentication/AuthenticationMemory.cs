using System.Net;

namespace Warmwire.Authentication;

/// <summary>
/// What servers and proxies have accepted, by origin, realm and path, so that the next request need not be asked first (RFC 7617 §2.2, RFC
/// 7616 §3.6). It keeps no credential: the program is asked for it each time. Safe for any number of threads.
/// </summary>
internal sealed class AuthenticationMemory
{
    private readonly Lock _gate = new();
    private readonly LinkedList<ProtectionSpace> _spaces = []; // the one that was used last in front
    private readonly bool _answersAhead;
    private volatile bool _hasAny;

    /// <param name="answersAhead">Whether requests are answered ahead; connections that authenticate are remembered anyway.</param>
    public AuthenticationMemory(bool answersAhead) => _answersAhead = answersAhead;

    /// <summary>Whether anything was ever remembered: most often nothing, and then nothing is looked for.</summary>
    public bool HasAny => _hasAny;

    /// <summary>The answer of the space the request falls into.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public string? Recall(
        in AuthenticationTarget target, in AuthenticationRequest request, ICredentials credentials, out DigestSession? digest)
    {
        digest = null;
        if (!_answersAhead || Find(target, isConnectionBound: false) is not { } space)
        {
            return null;
        }

        // With the body in its hash there is nothing to say ahead.
        if (space.Digest is { NeedsBody: true } && request.HashBodyAsync is not null)
        {
            return null;
        }

        if (CredentialChoice.CredentialFor(credentials, target, space.Scheme) is not { } credential)
        {
            return null;
        }

        digest = space.Digest;
        return digest is null ? BasicAuthentication.Answer(credential) : digest.Answer(credential, request.Method, request.Uri);
    }

    /// <summary>The scheme by which connections to the target are authenticated, if they are.</summary>
    public AuthenticationScheme? ConnectionSchemeOf(in AuthenticationTarget target) => Find(target, isConnectionBound: true)?.Scheme;

    /// <summary>The target does not authenticate its connections any more.</summary>
    public void ForgetConnectionScheme(in AuthenticationTarget target)
    {
        if (Find(target, isConnectionBound: true) is { } space)
        {
            lock (_gate)
            {
                _spaces.Remove(space);
            }
        }
    }

    /// <summary>A challenge was answered, and the answer accepted.</summary>
    public void Remember(in AuthenticationTarget target, string path, in CredentialChoice choice, DigestSession? digest)
    {
        bool isConnectionBound = SchemeTable.IsConnectionBound(choice.Scheme);
        if (!isConnectionBound && !_answersAhead)
        {
            return;
        }

        ProtectionSpace made = ProtectionSpace.Of(target, path, choice, digest);
        lock (_gate)
        {
            for (LinkedListNode<ProtectionSpace>? node = _spaces.First; node is not null;)
            {
                (LinkedListNode<ProtectionSpace> candidate, node) = (node, node.Next);
                if (candidate.Value.IsReplacedBy(made))
                {
                    _spaces.Remove(candidate);
                }
            }

            _spaces.AddFirst(made);
            _hasAny = true;
            if (_spaces.Count > AuthenticationLimits.ProtectionSpaces)
            {
                _spaces.RemoveLast();
            }
        }
    }

    /// <summary>The space with the longest path that the target's URI is in.</summary>
    private ProtectionSpace? Find(in AuthenticationTarget target, bool isConnectionBound)
    {
        if (!_hasAny)
        {
            return null;
        }

        lock (_gate)
        {
            LinkedListNode<ProtectionSpace>? best = null;
            for (LinkedListNode<ProtectionSpace>? node = _spaces.First; node is not null; node = node.Next)
            {
                if (SchemeTable.IsConnectionBound(node.Value.Scheme) == isConnectionBound
                    && node.Value.Contains(target)
                    && !(best?.Value.Path.Length >= node.Value.Path.Length))
                {
                    best = node;
                }
            }

            if (best is not null && !ReferenceEquals(best, _spaces.First))
            {
                _spaces.Remove(best);
                _spaces.AddFirst(best);
            }

            return best?.Value;
        }
    }
}
