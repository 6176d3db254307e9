using Xunit;

namespace Warmwire.Tests.House;

public class SizeTests
{
    private const int MaxColumns = 140;
    private const int MaxFileLines = 500;
    private const int MaxMethodLines = 80;

    [Fact]
    public void No_line_is_longer_than_140_columns()
    {
        List<(string Path, string What)> tooLong = [];
        foreach (string path in SourceTree.Files.Where(static path => !NotYet.Covers(NotYet.Width, path)))
        {
            string[] lines = SourceTree.Lines(path);
            tooLong.AddRange(Enumerable.Range(0, lines.Length).Where(i => IsTooLong(lines[i]))
                .Select(i => (path, $"{path}:{i + 1}: {lines[i].Length} columns")));
        }

        Assert.True(tooLong.Count == 0, SourceTree.Report(tooLong));
    }

    [Fact]
    public void No_source_file_of_the_library_or_the_command_is_longer_than_500_lines()
    {
        (string Path, string What)[] tooLong =
        [
            .. Sources(NotYet.FileLength).Select(static path => (path, Lines: SourceTree.Lines(path).Count(IsCounted)))
                .Where(static file => file.Lines > MaxFileLines)
                .Select(static file => (file.path, $"{file.path}: {file.Lines} lines")),
        ];
        Assert.True(tooLong.Length == 0, SourceTree.Report(tooLong));
    }

    /// <summary>Documentation is not counted: the public face has more of it than code, and must not be short of either.</summary>
    private static bool IsCounted(string line) => !line.AsSpan().TrimStart().StartsWith("///", StringComparison.Ordinal);

    [Fact]
    public void No_method_of_the_library_or_the_command_is_longer_than_80_lines()
    {
        (string Path, string What)[] tooLong =
        [
            .. Sources(NotYet.MethodLength)
                .SelectMany(static path => Members.Of(SourceTree.Read(path)).Select(member => (path, member)))
                .Where(static found => found.member.Lines > MaxMethodLines)
                .Select(static found => (found.path, $"{found.path}:{found.member.FirstLine}: {found.member.Lines} lines")),
        ];
        Assert.True(tooLong.Length == 0, SourceTree.Report(tooLong));
    }

    [Fact]
    public void A_line_that_is_only_an_address_may_be_long()
    {
        Assert.False(IsTooLong("[1]: https://example.com/" + new string('a', 150)));
        Assert.False(IsTooLong(new string('a', 140)));
        Assert.True(IsTooLong(new string('a', 141)));
        Assert.True(IsTooLong("see https://example.com/" + new string('a', 150)));
    }

    /// <summary>Members are found however texts and comments play with braces.</summary>
    [Fact]
    public void Members_are_measured()
    {
        const string Source = """
            namespace A;
            /* { */ internal sealed class B(int c = 1)
            {
                private static readonly int[] s_d = new int[] { 1, 2 };
                // a comment with a { in it
                public string E => $"{c switch { 1 => "}", _ => '{' + @"{" }} {{";

                public int F(string g = "}")
                {
                    if (g == "{")
                    {
                        return '}';
                    }

                    return 1;
                }

                private enum H { I }

                private record struct J(int K)
                {
                    public int L { get; set; }

                    public void M()
                    { }
                }
            }
            """;
        Assert.Equal(
            [("public int F(string g =    )", 8, 9), ("public int L", 22, 1), ("public void M()", 24, 2)],
            Members.Of(Source).Select(static member => (member.Header, member.FirstLine, member.Lines)));
    }

    private static IEnumerable<string> Sources(string[] notYet) => SourceTree.Files
        .Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal)
            && !NotYet.Covers(notYet, path));

    private static bool IsTooLong(string line) => line.Length > MaxColumns && !IsAddressOnly(line);

    private static bool IsAddressOnly(string line)
    {
        string[] words = line.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length is 1 or 2 && words[^1].Contains("://", StringComparison.Ordinal)
            && (words.Length == 1 || words[0] is "-" or "//" or "///" || words[0].EndsWith("]:", StringComparison.Ordinal));
    }
}
