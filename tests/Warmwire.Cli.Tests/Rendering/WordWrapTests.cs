using Warmwire.Cli.Quick.Outputs;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Cli.Rendering;
using Warmwire.Cli.Tests.Quick;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering;

public sealed class WordWrapTests
{
    [Theory]
    [InlineData("a bc def", 4, "a bc\ndef")]
    [InlineData("a bc def", 8, "a bc def")]
    [InlineData("  a bc def", 6, "  a bc\n  def")]
    [InlineData("abcdefgh ij", 4, "abcdefgh\nij")]
    [InlineData("a\n\nb", 4, "a\n\nb")]
    public void Lines_break_between_words(string text, int columns, string wrapped) =>
        Assert.Equal(wrapped, WordWrap.Lines(text, columns));

    [Fact]
    public void A_summary_of_60_columns_breaks_no_word()
    {
        QuickResult result = QuickResults.Usual();
        result = result with
        {
            Verdict = QuickVerdict.Sentences(result),
            Ensure = [new EnsureResult("p(95)<500", false, "1000 ms")],
        };
        string narrow = Write(result, new SummaryStyle(60, HasColors: false));
        Assert.All(narrow.Split('\n'), static line => Assert.InRange(line.Length, 0, 60));
        Assert.Equal(Words(Write(result, SummaryStyle.Plain)), Words(narrow));
        Assert.DoesNotContain('\e', narrow);
        Assert.Contains("\e[31m✗ failed p(95)<500", Write(result, new SummaryStyle(60, HasColors: true)), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[31m200 requests", Write(result, new SummaryStyle(60, HasColors: true)), StringComparison.Ordinal);
        Assert.Contains(
            "\e[31m200 requests", Write(result with { Responses = 0 }, new SummaryStyle(60, HasColors: true)), StringComparison.Ordinal);
    }

    private static string Write(QuickResult result, SummaryStyle style)
    {
        using var writer = new StringWriter();
        SummaryText.Write(writer, result, style);
        return writer.ToString();
    }

    private static string[] Words(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Where(static word => word.Trim('.').Length > 0)];
}
