using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.House;

/// <summary>Tests mirror their subject: the folders of this project are those of <c>src/Warmwire</c>, and the suite's own.</summary>
public class TestFolderTests
{
    /// <summary>Without a folder in the library: helpers, real servers, comparisons with .NET, long runs, the whole.</summary>
    private static readonly string[] s_own = ["Docs", "House", "Kit", "Parity", "PublicSurface", "Servers", "Soak", "Telemetry"];

    [Fact]
    public void Each_folder_of_tests_is_a_folder_of_the_library_or_one_of_the_suites_own()
    {
        IEnumerable<string> mirrors = Folders("tests/Warmwire.Tests").Where(static folder => !s_own.Contains(folder.Split('/')[0]));
        Assert.Empty(mirrors.Except(Folders("src/Warmwire")));
    }

    [Fact]
    public void A_folder_of_the_suites_own_exists_and_is_none_of_the_librarys() =>
        Assert.Equal(s_own, s_own.Intersect(Folders("tests/Warmwire.Tests")).Except(Folders("src/Warmwire")));

    private static IEnumerable<string> Folders(string root) =>
        SourceTree.Files.Where(path => path.StartsWith(root + "/", StringComparison.Ordinal))
            .Select(path => Path.GetDirectoryName(path[(root.Length + 1)..])!.Replace('\\', '/'))
            .Where(static folder => folder.Length > 0)
            .Distinct(StringComparer.Ordinal);
}
