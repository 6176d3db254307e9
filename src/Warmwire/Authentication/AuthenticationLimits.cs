namespace Warmwire.Authentication;

/// <summary>The limits of authentication.</summary>
internal static class AuthenticationLimits
{
    /// <summary>Challenges of one response.</summary>
    public const int Challenges = 32;

    /// <summary>Parameters of one challenge.</summary>
    public const int Parameters = 32;

    /// <summary>Characters of the challenges of one response.</summary>
    public const int ChallengeLength = 128 * 1024;

    /// <summary>Answers to challenges that one request gives.</summary>
    public const int Answers = 8;

    /// <summary>The time for one answer, which a domain controller may take part in, or a content that is hashed.</summary>
    public static readonly TimeSpan Answer = TimeSpan.FromMinutes(1);

    /// <summary>The time for the look-up of a host's canonical name, which Kerberos knows it by.</summary>
    public static readonly TimeSpan NameLookUp = TimeSpan.FromSeconds(5);

    /// <summary>Protection spaces that a handler remembers; the one that was not used for longest is forgotten first.</summary>
    public const int ProtectionSpaces = 256;
}
