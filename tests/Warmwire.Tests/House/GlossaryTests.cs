using Xunit;

namespace Warmwire.Tests.House;

/// <summary>One term for each thing: <c>docs/glossary.md</c> has them, and the words it retired are in no source, text or page.</summary>
public class GlossaryTests
{
    private const string Page = "docs/glossary.md";

    /// <summary>The page itself, this test, and the change log, which tells old names with the new.</summary>
    private static readonly string[] s_mayNameThem =
    [
        Page, "CHANGELOG.md", "tests/Warmwire.Tests/House/Glossary.cs", "tests/Warmwire.Tests/House/GlossaryTests.cs",
    ];

    private static readonly Glossary s_glossary = new(SourceTree.Lines(Page));

    [Fact]
    public void No_retired_word_is_used()
    {
        List<(string Path, string What)> found = [];
        foreach (string path in SourceTree.Files.Except(s_mayNameThem).Where(static path => !NotYet.Covers(NotYet.Words, path)))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            found.AddRange(s_glossary.FindIn(name).Select(what => (path, $"{path}: its name has {what}")));
            string[] lines = SourceTree.Lines(path);
            for (int i = 0; i < lines.Length; i++)
            {
                found.AddRange(s_glossary.FindIn(lines[i]).Select(what => (path, $"{path}:{i + 1}: {what}")));
            }
        }

        Assert.True(found.Count == 0, SourceTree.Report(found));
    }

    [Fact]
    public void The_page_has_each_term_once()
    {
        Assert.Equal(s_glossary.Terms.Distinct(StringComparer.Ordinal), s_glossary.Terms);
        Assert.InRange(s_glossary.Terms.Count, 20, 200);
        Assert.InRange(s_glossary.RetiredWords, 40, 400);
    }

    [Theory]
    [InlineData("the connection that came to rest last")]
    [InlineData("One that rests is closed.")]
    [InlineData("private readonly int _restId;")]
    [InlineData("bool cameToRest = FromRest;")]
    [InlineData("internal sealed class RestingSockets")]
    [InlineData("Whoever takes it closes it.")]
    [InlineData("internal sealed class PoolLink")]
    [InlineData("flush = _output.TakeDuty_NeedsLock();")]
    [InlineData("the server says goodbye")]
    [InlineData("handler.RetryPolicy = null;")]
    public void A_retired_word_is_found(string line) => Assert.NotEmpty(s_glossary.FindIn(line));

    [Theory]
    [InlineData("the rest of the body, and the rest is sent")]
    [InlineData("the service's REST interface")]
    [InlineData("ReadOnlySpan<char> rest = Nearest(at); Restore(rest);")]
    [InlineData("the value of Retry-After in response.Headers.RetryAfter")]
    [InlineData("ArrayPool<byte>.Shared.Rent(16); different, current, parent")]
    [InlineData("takes the place of SocketsHttpHandler, in one place")]
    public void Words_that_only_look_alike_are_not_found(string line) => Assert.Empty(s_glossary.FindIn(line));
}
