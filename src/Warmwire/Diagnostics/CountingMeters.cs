namespace Warmwire.Diagnostics;

/// <summary>
/// The meters that were told when something began, and so are told when it ends: a listener that comes in between must not hear of one end
/// too many.
/// </summary>
[Flags]
internal enum CountingMeters
{
    None = 0,

    /// <summary>.NET's name.</summary>
    SystemNetHttp = 1,

    /// <summary>Our own.</summary>
    Warmwire = 2,
}
