namespace Warmwire;

/// <summary>
/// Which of a name's addresses the next connection goes to, and which idle connection serves the next request. An address that fails is
/// set aside for a while, and the family that leads is the resolver's (RFC 6724), whatever is chosen here.
/// </summary>
public enum AddressSelection
{
    /// <summary>The first address of the answer that can be reached; the connection that became idle last.</summary>
    FirstReachable,

    /// <summary>The addresses in turn.</summary>
    RoundRobin,

    /// <summary>The address with the fewest connections for a new one, the one with the fewest exchanges for a request.</summary>
    LeastLoaded,
}
