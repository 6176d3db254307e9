namespace Warmwire.Authentication;

/// <summary>
/// What the transport itself says of the request's credentials, in place of what the program has written under the same names. A request
/// without has no such object.
/// </summary>
/// <param name="ForServer">The value of <c>Authorization</c>.</param>
internal sealed record AuthorizationFields(string? ForServer)
{
    /// <summary>The value of <c>Proxy-Authorization</c>. Written only where a proxy reads the request itself.</summary>
    public string? ForProxy { get; init; }

    /// <summary>
    /// The connection is being authenticated, and the answer to a challenge has to go out on it: so the request is written to its end even
    /// if the challenge is here before that.
    /// </summary>
    public bool KeepsConnection { get; init; }

    /// <summary>Values must not be told, and a record tells its members.</summary>
    public override string ToString() => nameof(AuthorizationFields);

    /// <summary>Whether a response with this status does not end the request's writing.</summary>
    public static bool KeepWriting(AuthorizationFields? fields, int statusCode) =>
        statusCode < 300 || (fields is { KeepsConnection: true } && statusCode is 401 or 407);
}
