namespace Warmwire.Proxies;

/// <summary>A value of <c>Proxy-Authorization</c>, and what holds for it.</summary>
/// <param name="Value">The value of the field.</param>
internal sealed record ProxyAuthorization(string Value)
{
    /// <summary>It is a step of an authentication that belongs to a connection: on another one it would mean nothing.</summary>
    public bool NeedsSameConnection { get; init; }

    /// <summary>The same value serves later requests, and may be sent before the proxy asks.</summary>
    public bool MayBeRepeated { get; init; }
}
