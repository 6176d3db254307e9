using System.Text.RegularExpressions;
using Xunit;

namespace Warmwire.Tests.Docs;

public partial class LinkTests
{
    private static readonly HashSet<string> s_sources =
    [
        .. new[] { "src", "tests", "bench", "samples" }.Select(static folder => Path.Combine(DocFiles.Root, folder)).Where(Directory.Exists)
            .SelectMany(static folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(static path => Path.GetFileName(path)),
    ];

    public static TheoryData<string> Pages() => [.. DocFiles.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_source_file_that_is_named_exists(string page)
    {
        foreach (Match match in SourceFile().Matches(DocFiles.Read(page)))
        {
            Assert.True(
                s_sources.Contains(Path.GetFileName(match.Groups[1].Value)), $"{page} names {match.Value}, which is not in the tree");
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_relative_link_leads_to_a_file_and_its_heading(string page)
    {
        foreach (Match match in Link().Matches(DocFiles.Read(page)))
        {
            string target = match.Groups[1].Value;
            if (target.Contains("://", StringComparison.Ordinal))
            {
                continue;
            }

            string[] parts = target.Split('#');
            string path = parts[0].Length == 0
                ? page
                : Path.GetRelativePath(DocFiles.Root, Path.Combine(DocFiles.Root, Path.GetDirectoryName(page)!, parts[0]));
            Assert.True(File.Exists(Path.Combine(DocFiles.Root, path)), $"{page} links to {target}, which does not exist");
            if (parts.Length > 1)
            {
                Assert.Contains(parts[1], Headings(path), StringComparer.Ordinal);
            }
        }
    }

    [Fact]
    public void Pages_that_sources_name_exist()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(DocFiles.Root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match match in Page().Matches(File.ReadAllText(file)))
            {
                Assert.True(
                    File.Exists(Path.Combine(DocFiles.Root, match.Value)),
                    $"{Path.GetFileName(file)} names {match.Value}, which does not exist");
            }
        }
    }

    [Fact]
    public void The_index_names_every_page()
    {
        string index = DocFiles.Read("docs/index.md");
        IEnumerable<string> pages =
            DocFiles.Pages.Where(static page => page.StartsWith("docs/", StringComparison.Ordinal) && page != "docs/index.md");
        foreach (string page in pages)
        {
            Assert.Contains($"]({page["docs/".Length..]})", index, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Headings(string page) =>
        DocFiles.Read(page).Split('\n').Where(static line => line.StartsWith('#'))
            .Select(static line => NotInAnchors().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"`([\w./-]+\.cs)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"docs/[\w/-]+\.md")]
    private static partial Regex Page();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
