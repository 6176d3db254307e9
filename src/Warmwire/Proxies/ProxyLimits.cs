namespace Warmwire.Proxies;

/// <summary>What a proxy may make a dial read or do.</summary>
internal static class ProxyLimits
{
    /// <summary>
    /// Bytes of the body of an answer that refuses a tunnel that are read in order to keep the connection.
    /// </summary>
    public const int AnswerBodyBytes = 64 * 1024;

    /// <summary>Bytes of such a body that are kept to be told.</summary>
    public const int KeptBodyBytes = 2 * 1024;

    /// <summary>Characters of it that the message of the failure shows.</summary>
    public const int ShownCharacters = 200;

    /// <summary>Interim answers (1xx) to one CONNECT.</summary>
    public const int InterimAnswers = 20;

    /// <summary>Proxies that a handler remembers, each with its credentials; a forgotten one asks for them again.</summary>
    public const int RememberedProxies = 32;

    /// <summary>Fields of <c>Proxy-Authenticate</c> that are looked at in an answer to CONNECT.</summary>
    public const int Challenges = 20;

    /// <summary>Bytes of a name or a password: SOCKS counts them with one byte.</summary>
    public const int SocksTextBytes = 255;
}
