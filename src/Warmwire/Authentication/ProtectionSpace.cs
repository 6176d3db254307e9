namespace Warmwire.Authentication;

/// <summary>The part of a server that one realm protects, as far as it is known (RFC 9110 §11.5).</summary>
internal sealed class ProtectionSpace
{
    private readonly string _scheme;
    private readonly string _host;
    private readonly int _port;
    private readonly bool _isProxy;
    private readonly string _realm;

    private ProtectionSpace(in AuthenticationTarget target, string path, in CredentialChoice choice, DigestSession? digest)
    {
        _scheme = target.Uri.Scheme;
        _host = target.Uri.IdnHost;
        _port = target.Uri.Port;
        _isProxy = target.IsProxy;
        _realm = choice.Challenge["realm"] ?? "";
        Path = path;
        Scheme = choice.Scheme;
        Digest = digest;
    }

    /// <summary>What its paths begin with; ends with a slash.</summary>
    public string Path { get; }

    public AuthenticationScheme Scheme { get; }

    public DigestSession? Digest { get; }

    /// <summary>The space that an accepted answer shows.</summary>
    public static ProtectionSpace Of(in AuthenticationTarget target, string path, in CredentialChoice choice, DigestSession? digest) =>
        new(target, PathOf(target, path, choice, digest), choice, choice.Scheme == AuthenticationScheme.Digest ? digest : null);

    /// <summary>Whether a request to the target's URI is within.</summary>
    public bool Contains(in AuthenticationTarget target) =>
        IsOf(target.Uri, target.IsProxy) && (_isProxy || target.Uri.AbsolutePath.StartsWith(Path, StringComparison.Ordinal));

    /// <summary>Whether the other one, which is newer, says the same, and better.</summary>
    public bool IsReplacedBy(ProtectionSpace other) =>
        _host.Equals(other._host, StringComparison.OrdinalIgnoreCase)
        && _port == other._port
        && _scheme == other._scheme
        && _isProxy == other._isProxy
        && SchemeTable.IsConnectionBound(Scheme) == SchemeTable.IsConnectionBound(other.Scheme)
        && (Path == other.Path || (_realm == other._realm && Path.StartsWith(other.Path, StringComparison.Ordinal)));

    private bool IsOf(Uri uri, bool isProxy) =>
        _isProxy == isProxy && _port == uri.Port && _scheme == uri.Scheme
        && _host.Equals(uri.IdnHost, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A proxy and an authenticated connection serve all paths, and so does Digest unless it says otherwise (RFC 7616 §3.3); with Basic it
    /// is what is as deep as the path, or deeper (RFC 7617 §2.2).
    /// </summary>
    private static string PathOf(in AuthenticationTarget target, string path, in CredentialChoice choice, DigestSession? digest)
    {
        if (target.IsProxy || SchemeTable.IsConnectionBound(choice.Scheme) || digest is { Challenge.Domain: null })
        {
            return "/";
        }

        return path[..(path.LastIndexOf('/') + 1)] is { Length: > 0 } directory ? directory : "/";
    }
}
