using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>One thing that a result may show, and the sentence that says it with its reason.</summary>
internal interface IVerdict
{
    /// <returns><see langword="null"/> if the result does not show it.</returns>
    string? Of(QuickResult result);
}
