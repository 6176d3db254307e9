using System.Net;
using System.Security.Cryptography;
using System.Security.Principal;
using System.Text;

namespace Warmwire.Authentication;

/// <summary>
/// Who a connection is authenticated as, or is going to be. It is a part of the connection's route, so that no request of another identity
/// is ever sent on it.
/// </summary>
/// <remarks>
/// It is compared by value, because a program may hand out a new object for each request. It holds no password, only a hash of it under a
/// key of this process: a program may change the object it gave.
/// </remarks>
internal sealed class ConnectionIdentity : IEquatable<ConnectionIdentity>
{
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(32);

    private readonly AuthenticationScheme _scheme;
    private readonly string _domain;
    private readonly string _userName;
    private readonly byte[] _password;
    private readonly string? _origin;

    private ConnectionIdentity(AuthenticationScheme scheme, string domain, string userName, byte[] password, string? origin)
    {
        _scheme = scheme;
        _domain = domain;
        _userName = userName;
        _password = password;
        _origin = origin;
    }

    /// <param name="scheme">NTLM or Negotiate.</param>
    /// <param name="credential">Whose.</param>
    /// <param name="origin">
    /// The server that is told who it is, where that is not who the route leads to: a proxy that forwards lies between, and its connections
    /// serve every origin. <see langword="null"/>: whom the route leads to, the server or the proxy.
    /// </param>
    public static ConnectionIdentity Of(AuthenticationScheme scheme, NetworkCredential credential, string? origin = null) =>
        ReferenceEquals(credential, CredentialCache.DefaultNetworkCredentials)
            ? new ConnectionIdentity(scheme, "", NameOfSignedInUser(), [], origin)
            : new ConnectionIdentity(
                scheme,
                credential.Domain,
                credential.UserName,
                HMACSHA256.HashData(s_key, Encoding.UTF8.GetBytes(credential.Password)),
                origin);

    public bool Equals(ConnectionIdentity? other) =>
        other is not null
        && _scheme == other._scheme
        && _domain == other._domain
        && _userName == other._userName
        && _origin == other._origin
        && CryptographicOperations.FixedTimeEquals(_password, other._password);

    public override bool Equals(object? obj) => Equals(obj as ConnectionIdentity);

    public override int GetHashCode() => HashCode.Combine(_scheme, _domain, _userName);

    public override string ToString() => nameof(ConnectionIdentity);

    /// <summary>On Windows a thread may act as somebody else than the process does.</summary>
    private static string NameOfSignedInUser()
    {
        if (!OperatingSystem.IsWindows())
        {
            return "";
        }

        using WindowsIdentity current = WindowsIdentity.GetCurrent();
        return current.Name;
    }
}
