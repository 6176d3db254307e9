using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// What README and docs/migrating.md say of both handlers stands on tests, row by row. Most run both; where .NET has nothing to compare
/// with, the test is one of ours.
/// </summary>
public sealed class ComparisonTests
{
    private static readonly Dictionary<string, ComparisonTable> s_tables = new(StringComparer.Ordinal)
    {
        ["README.md"] = new("## Compared with SocketsHttpHandler", HasKinds: false, ReadmeRows.Tests),
        ["docs/migrating.md"] = new("### Differences", HasKinds: true, MigratingRows.Tests),
    };

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/migrating.md")]
    [Trait("Issue10", "V1-migrating")]
    public async Task Each_row_stands_on_tests(string page)
    {
        IReadOnlyList<string> faults = s_tables[page].Faults(await File.ReadAllTextAsync(Repository.Path(page)));
        Assert.True(faults.Count == 0, $"{page}\n{string.Join('\n', faults)}");
    }

    // Differences of a library over the handler have no row.
    [Theory]
    [InlineData("WaitForReady")]
    [InlineData("GrpcChannel.ConnectAsync")]
    public async Task What_gRPC_lacks_over_a_custom_handler_is_written_down(string word)
    {
        string text = await File.ReadAllTextAsync(Repository.Path("docs/migrating.md"));
        Assert.Contains(word, text[text.IndexOf("## gRPC", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("| One | a | b | same |", "")]
    [InlineData("| One | | b | better |", "")]
    [InlineData("| One | a | b | same |\n| Two | a | b | same |", "no test shows the row: Two")]
    [InlineData("| Two | a | b | same |", "no test shows the row: Two; tests without a row: One")]
    [InlineData("| One | a | b | same |\n| One | a | c | same |", "two rows are called: One")]
    [InlineData("| One | a | b | other |", "the kind 'other' is none: One")]
    [InlineData("| One | a | same |", "not 4 columns: One")]
    [InlineData("", "there is no table under '## Here'; tests without a row: One")]
    [InlineData("\n## There\n\n| What | NET | Ours | Kind |\n|---|---|---|---|\n| One | a | b | same |",
        "there is no table under '## Here'; tests without a row: One")]
    public void What_is_wrong_with_a_page_is_found(string rows, string faults)
    {
        var table = new ComparisonTable("## Here", HasKinds: true, Entries(nameof(Each_row_stands_on_tests)));
        string page = $"# Page\n\n| One | before |\n\n## Here\n\n| What | NET | Ours | Kind |\n|---|---|---|---|\n{rows}\n\nMore.\n";
        Assert.Equal(faults, string.Join("; ", table.Faults(page)));
    }

    [Theory]
    [InlineData("an entry without a test: One")]
    [InlineData("no [Fact] or [Theory]: Entries", nameof(Each_row_stands_on_tests), nameof(Entries))]
    [InlineData("no [Fact] or [Theory]: Gone", "Gone")]
    public void What_is_wrong_with_an_entry_is_found(string fault, params string[] tests)
    {
        var table = new ComparisonTable("## Here", HasKinds: false, Entries(tests));
        Assert.Equal([fault], table.Faults("## Here\n\n| What | NET | Ours |\n|---|---|---|\n| One | a | b |\n"));
    }

    private static Dictionary<string, string[]> Entries(params string[] tests) => new(StringComparer.Ordinal) { ["One"] = tests };
}
