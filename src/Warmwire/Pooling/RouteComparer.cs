using Warmwire.Connections;

namespace Warmwire.Pooling;

/// <summary>Lets a table of routes be searched by a <see cref="RouteIdentity"/>, which has the equality.</summary>
internal sealed class RouteComparer : IEqualityComparer<Route>, IAlternateEqualityComparer<RouteIdentity, Route>
{
    public bool Equals(Route? x, Route? y) => x is null ? y is null : x.Equals(y);

    public int GetHashCode(Route obj) => obj.GetHashCode();

    public bool Equals(RouteIdentity alternate, Route other) => alternate.Is(other.Identity);

    public int GetHashCode(RouteIdentity alternate) => alternate.GetHashCode();

    public Route Create(RouteIdentity alternate) => new(alternate);
}
