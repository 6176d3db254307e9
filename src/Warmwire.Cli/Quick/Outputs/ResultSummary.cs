using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Rendering;

namespace Warmwire.Cli.Quick.Outputs;

/// <summary>What is told of a result at its end, and where.</summary>
internal static class ResultSummary
{
    public static void Write(QuickOutputs outputs, QuickResult result, Terminal terminal)
    {
        if (outputs.ShowsSummary)
        {
            SummaryText.Write(terminal.StandardOutput, result, SummaryStyle.Of(terminal));
        }
        else
        {
            TextWriter writer = outputs.UsesStandardOutput ? terminal.StandardError : terminal.StandardOutput;
            SummaryText.WriteConditions(writer, result, SummaryStyle.Plain, onlyFailed: true);
        }
    }
}
