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

    /// <summary>Protection spaces that a handler remembers; the one that was not used for longest is forgotten first.</summary>
    public const int ProtectionSpaces = 256;
}
