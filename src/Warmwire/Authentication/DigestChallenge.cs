namespace Warmwire.Authentication;

/// <summary>A challenge of the Digest scheme that can be answered (RFC 7616 §3.3).</summary>
internal sealed class DigestChallenge
{
    private DigestChallenge()
    {
    }

    public required string Realm { get; init; }

    public required string Nonce { get; init; }

    /// <summary>Goes back as it came.</summary>
    public string? Opaque { get; private init; }

    /// <summary>The URIs of the protection space, separated by spaces; <see langword="null"/>: all of the server.</summary>
    public string? Domain { get; private init; }

    /// <summary>The credential was right, only its nonce is over.</summary>
    public bool IsStale { get; private init; }

    public DigestAlgorithm Algorithm { get; private init; }

    /// <summary>The name of the algorithm as the server writes it; <see langword="null"/>: it does not, and means MD5.</summary>
    public string? AlgorithmName { get; private init; }

    /// <summary>What the hash protects.</summary>
    public DigestProtection Protection { get; private init; }

    /// <summary>Whether the name is sent as a hash (RFC 7616 §3.4.4).</summary>
    public bool HashesUserName { get; private init; }

    /// <summary>Reads a challenge; <see langword="null"/>: it cannot be answered.</summary>
    public static DigestChallenge? TryRead(Challenge challenge)
    {
        string? algorithmName = challenge["algorithm"];
        if (challenge["nonce"] is not { } nonce
            || AlgorithmOf(algorithmName) is not { } algorithm
            || ProtectionOf(challenge["qop"]) is not { } protection)
        {
            return null;
        }

        return new DigestChallenge
        {
            Realm = challenge["realm"] ?? "",
            Nonce = nonce,
            Opaque = challenge["opaque"],
            Domain = challenge["domain"],
            IsStale = IsTrue(challenge["stale"]),
            Algorithm = algorithm,
            AlgorithmName = algorithmName,
            Protection = protection,
            HashesUserName = IsTrue(challenge["userhash"]),
        };
    }

    private static bool IsTrue(string? value) => "true".Equals(value, StringComparison.OrdinalIgnoreCase);

    private static DigestAlgorithm? AlgorithmOf(string? name) => name?.ToUpperInvariant() switch
    {
        null or "MD5" => DigestAlgorithm.Md5,
        "MD5-SESS" => DigestAlgorithm.Md5Session,
        "SHA-256" => DigestAlgorithm.Sha256,
        "SHA-256-SESS" => DigestAlgorithm.Sha256Session,
        _ => null,
    };

    /// <summary>
    /// Of several the one that does not need the body before the head is written. Without the parameter it is the older hash of RFC 2617
    /// §3.2.2.1; with none that is known there is no answer.
    /// </summary>
    private static DigestProtection? ProtectionOf(string? qop)
    {
        if (string.IsNullOrWhiteSpace(qop))
        {
            return DigestProtection.None;
        }

        DigestProtection? found = null;
        foreach (Range range in qop.AsSpan().Split(','))
        {
            ReadOnlySpan<char> value = qop.AsSpan(range).Trim(" \t");
            if (value.Equals("auth", StringComparison.OrdinalIgnoreCase))
            {
                return DigestProtection.Request;
            }

            if (value.Equals("auth-int", StringComparison.OrdinalIgnoreCase))
            {
                found = DigestProtection.RequestAndBody;
            }
        }

        return found;
    }
}

/// <summary>The <c>qop</c> of an answer.</summary>
internal enum DigestProtection : byte
{
    /// <summary>None is said: no count, no nonce of the client's.</summary>
    None,

    /// <summary><c>auth</c>.</summary>
    Request,

    /// <summary><c>auth-int</c>.</summary>
    RequestAndBody,
}
