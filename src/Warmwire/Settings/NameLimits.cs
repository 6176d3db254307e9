namespace Warmwire.Settings;

/// <summary>Limits of following names that no setting governs; docs/limits.md lists them.</summary>
internal static class NameLimits
{
    /// <summary>Names that are resolved again at the same time, over all handlers of the process: each may block a thread.</summary>
    public const int Refreshes = 4;

    /// <summary>Names that the system's resolver looks up at a time, each on a thread of its own; further ones wait in line.</summary>
    public const int SystemLookUps = 64;

    /// <summary>A thread for look-ups that had nothing to do for so long ends.</summary>
    public static readonly TimeSpan SpareLookUpThread = TimeSpan.FromSeconds(10);

    /// <summary>How long one look-up in the background may take.</summary>
    public static readonly TimeSpan LookUp = TimeSpan.FromSeconds(10);

    /// <summary>How long a look-up that does not end holds back others.</summary>
    public static readonly TimeSpan HeldBack = TimeSpan.FromMinutes(1);

    /// <summary>Look-ups of one name are at least this far apart, unless there is no answer.</summary>
    public static readonly TimeSpan Spacing = TimeSpan.FromSeconds(1);

    /// <summary>How long a dial waits for a newer answer where it has an old one.</summary>
    public static readonly TimeSpan WaitForNewer = TimeSpan.FromSeconds(2);

    /// <summary>A shorter time to live is taken for this.</summary>
    public static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause after look-ups that failed, where the interval is not longer.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>Further addresses of an answer are not looked at.</summary>
    public const int Addresses = 256;

    /// <summary>So many answers in a row have to lack an address before its connections are closed.</summary>
    public const int AnswersToLeave = 3;

    /// <summary>The same while addresses join the name and leave it again at once.</summary>
    public const int AnswersToLeaveRestless = 12;

    /// <summary>The same at most, however long addresses have been seen to stay away.</summary>
    public const int AnswersToLeaveMost = 30;

    /// <summary>The first pause for an address that fails; each further one is twice as long.</summary>
    public static readonly TimeSpan FirstAside = TimeSpan.FromSeconds(1);

    /// <summary>The longest one.</summary>
    public static readonly TimeSpan LongestAside = TimeSpan.FromMinutes(1);

    /// <summary>An address on which so many connections in a row break without a response is set aside.</summary>
    public const int BreaksToSetAside = 3;

    /// <summary>How long a family of addresses that lost to the other goes behind it.</summary>
    public static readonly TimeSpan FamilyAside = TimeSpan.FromMinutes(10);

    /// <summary>How many idle connections are looked at to find one of the address whose turn it is.</summary>
    public const int IdleLookedAt = 16;

    /// <summary>How long an answer serves until the name is resolved again.</summary>
    public static TimeSpan Life(TimeSpan? timeToLive, TimeSpan interval) =>
        timeToLive is not { } life || life >= interval ? interval
        : life > ShortestLife ? life
        : ShortestLife < interval ? ShortestLife
        : interval;
}
