using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Warmwire.Authentication;

/// <summary>
/// A challenge of the Digest scheme and what was answered to it: one nonce of the server's serves many requests, and each counts (RFC 7616
/// §3.4). Safe for any number of threads.
/// </summary>
internal sealed class DigestSession
{
    private readonly DigestChallenge _challenge;
    private readonly Func<string> _makeClientNonce;

    /// <summary>The one of all requests, where the session is hashed with it (RFC 7616 §3.4.2).</summary>
    private readonly string _sessionClientNonce;
    private readonly string _realm;
    private Current _current;

    public DigestSession(DigestChallenge challenge)
        : this(challenge, static () => RandomNumberGenerator.GetHexString(32, lowercase: true))
    {
    }

    /// <summary>For tests, which know the nonce.</summary>
    internal DigestSession(DigestChallenge challenge, Func<string> makeClientNonce)
    {
        _challenge = challenge;
        _makeClientNonce = makeClientNonce;
        _sessionClientNonce = makeClientNonce();
        _realm = AsServerMeantIt(challenge.Realm);
        _current = new Current(challenge.Nonce);
    }

    public DigestChallenge Challenge => _challenge;

    /// <summary>Whether an answer needs the hash of the body.</summary>
    public bool NeedsBody => _challenge.Protection == DigestProtection.RequestAndBody;

    /// <summary>A hash over the body, to be fed with it.</summary>
    public IncrementalHash BeginBody() => IncrementalHash.CreateHash(HashName);

    /// <summary>The value of the field for one request.</summary>
    /// <param name="credential">Name and password.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="uri">Path and query of the request; for CONNECT the authority.</param>
    /// <param name="bodyHash">What <see cref="BeginBody"/> has made of the body; empty for none.</param>
    public string Answer(NetworkCredential credential, string method, string uri, ReadOnlySpan<byte> bodyHash = default)
    {
        (string nonce, uint count) = Volatile.Read(ref _current).Next();
        string nc = count.ToString("x8", provider: null);
        string cnonce = IsSession ? _sessionClientNonce : _makeClientNonce();
        string name = credential.UserName;
        string a1 = Hash($"{name}:{_realm}:{credential.Password}");
        if (IsSession)
        {
            a1 = Hash($"{a1}:{_challenge.Nonce}:{cnonce}");
        }

        string qop = NeedsBody ? "auth-int" : "auth";
        string a2 = NeedsBody
            ? Hash($"{method}:{uri}:{(bodyHash.IsEmpty ? Hash("") : Convert.ToHexStringLower(bodyHash))}")
            : Hash($"{method}:{uri}");
        string response = _challenge.Protection == DigestProtection.None
            ? Hash($"{a1}:{nonce}:{a2}")
            : Hash($"{a1}:{nonce}:{nc}:{cnonce}:{qop}:{a2}");

        var text = new StringBuilder("Digest ", 320);
        AppendUserName(text, name);
        AppendQuoted(text, ", realm", _challenge.Realm);
        AppendQuoted(text, ", nonce", nonce);
        AppendQuoted(text, ", uri", uri);
        AppendQuoted(text, ", response", response);
        if (_challenge.AlgorithmName is { } algorithm)
        {
            text.Append(", algorithm=").Append(CanonicalName(algorithm));
        }

        if (_challenge.Opaque is { } opaque)
        {
            AppendQuoted(text, ", opaque", opaque);
        }

        if (_challenge.Protection != DigestProtection.None)
        {
            text.Append(", qop=").Append(qop).Append(", nc=").Append(nc);
        }

        if (_challenge.Protection != DigestProtection.None || IsSession)
        {
            AppendQuoted(text, ", cnonce", cnonce);
        }

        return text.ToString();
    }

    /// <summary>The server has named the nonce of the requests that follow (RFC 7616 §3.5); its count begins anew.</summary>
    public void TakeNextNonce(string nonce)
    {
        // Story: two responses bring the same next nonce. The second must not set the count back, or one count is used twice.
        if (Volatile.Read(ref _current) is var current && current.Nonce != nonce)
        {
            Interlocked.CompareExchange(ref _current, new Current(nonce), current);
        }
    }

    /// <summary>Takes the next nonce out of the value of <c>Authentication-Info</c>, if it has one.</summary>
    public void TakeInfo(string info)
    {
        // Parameters without a scheme: so one is put in front.
        if (ChallengeParser.Parse("Digest " + info) is [{ } parameters, ..] && parameters["nextnonce"] is { Length: > 0 } nonce)
        {
            TakeNextNonce(nonce);
        }
    }

    private bool IsSession => _challenge.Algorithm is DigestAlgorithm.Md5Session or DigestAlgorithm.Sha256Session;

    private HashAlgorithmName HashName =>
        _challenge.Algorithm >= DigestAlgorithm.Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.MD5;

    private string Hash(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Convert.ToHexStringLower(CryptographicOperations.HashData(HashName, bytes));
    }

    /// <summary>
    /// Field values are read as Latin-1, one character for each byte, and go back so. What is hashed is the text, most often UTF-8.
    /// </summary>
    private static string AsServerMeantIt(string value)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(value);
        return Ascii.IsValid(value) || !Utf8.IsValid(bytes) ? value : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>
    /// The name of the algorithm as the list of them has it (RFC 7616 §6.1), not as the server may have quoted it: it is written without
    /// quotes.
    /// </summary>
    private static string CanonicalName(string name) => name.ToUpperInvariant() switch
    {
        "MD5-SESS" => "MD5-sess",
        "SHA-256" => "SHA-256",
        "SHA-256-SESS" => "SHA-256-sess",
        _ => "MD5",
    };

    private void AppendUserName(StringBuilder text, string name)
    {
        if (_challenge.HashesUserName)
        {
            AppendQuoted(text, "username", Hash($"{name}:{_realm}"));
            text.Append(", userhash=true");
        }
        else if (Ascii.IsValid(name))
        {
            AppendQuoted(text, "username", name);
        }
        else
        {
            // RFC 7616 §3.4, RFC 8187 §3.2: a field's value is ASCII.
            text.Append("username*=UTF-8''").Append(Uri.EscapeDataString(name));
        }
    }

    private static void AppendQuoted(StringBuilder text, string name, string value)
    {
        text.Append(name).Append("=\"");
        foreach (char c in value)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\');
            }

            text.Append(c);
        }

        text.Append('"');
    }

    private sealed class Current(string nonce)
    {
        private uint _count;

        public string Nonce => nonce;

        public (string Nonce, uint Count) Next() => (nonce, Interlocked.Increment(ref _count));
    }
}
