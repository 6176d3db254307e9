namespace Warmwire.Tests.Kit.Http2;

/// <summary>A request's head as the peer got it: all fields in order, the pseudo-header fields first.</summary>
internal sealed record PeerRequest(int StreamId, IReadOnlyList<(string Name, string Value)> Fields, bool EndStream)
{
    public string Method => this[":method"]!;

    public string? Scheme => this[":scheme"];

    public string? Authority => this[":authority"];

    public string? Path => this[":path"];

    /// <summary>The value of a field, several joined as a list; <see langword="null"/> without one.</summary>
    public string? this[string name] =>
        Fields.Any(field => field.Name == name)
            ? string.Join(", ", Fields.Where(field => field.Name == name).Select(field => field.Value)) : null;
}
