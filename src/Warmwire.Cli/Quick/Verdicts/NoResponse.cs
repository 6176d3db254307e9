using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>There is nothing that the figures could describe.</summary>
internal sealed class NoResponse : IVerdict
{
    public string? Of(QuickResult result) => result switch
    {
        { Requests: 0 } => "No request was sent.",
        { Responses: 0 } => $"Not one of {Amounts.Count(result.Requests, "request")} got a response, so no figure describes the server.",
        _ => null,
    };
}
