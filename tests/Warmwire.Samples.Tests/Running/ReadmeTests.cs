using System.Text.RegularExpressions;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.Running;

public sealed partial class ReadmeTests
{
    private const int Screen = 60;

    public static TheoryData<string> Samples =>
        [
            .. Directory.EnumerateFiles(Repository.Path("samples"), "Warmwire.Samples.*.csproj", SearchOption.AllDirectories)
                .Select(static project => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(project)!)),
        ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_has_a_readme_of_one_screen_whose_links_and_projects_exist(string sample)
    {
        string folder = Repository.Path(sample);
        string readme = File.ReadAllText(Path.Combine(folder, "README.md"));
        Assert.InRange(readme.Split('\n').Length, 10, Screen);
        Assert.All(Link().Matches(readme), match => Assert.True(Path.Exists(Path.Combine(folder, match.Groups[1].Value)), match.Value));
        Assert.All(
            Project().Matches(readme),
            static match => Assert.NotEmpty(Directory.GetFiles(Repository.Path(match.Groups[1].Value), "*.csproj")));
        Assert.Contains($"--project {sample}", readme, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"--project (\S+)")]
    private static partial Regex Project();
}
