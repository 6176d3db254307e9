namespace Warmwire.Cli.Quick.Requests;

/// <summary>Takes a value out of a response for the requests that follow.</summary>
/// <param name="Name">The placeholder that it is for.</param>
/// <param name="Source">Where it comes from, for the reader.</param>
/// <param name="ReadsBody">Whether the body is needed.</param>
/// <param name="Find">The value, or <see langword="null"/> if the response has none.</param>
internal sealed record Capture(string Name, string Source, bool ReadsBody, Func<ResponseText, string?> Find);
