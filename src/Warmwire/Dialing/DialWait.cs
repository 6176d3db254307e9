using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>What a dial waits for while its name is looked up.</summary>
internal sealed class DialWait
{
    /// <summary>The look-up; <see langword="null"/> if there is none yet, or an old answer serves without it.</summary>
    public LookUpPlace? Place { get; set; }

    /// <summary>Whether it is still behind those of other names.</summary>
    public bool IsInLine => Place is { IsInLine: true };
}
