using System.Text.RegularExpressions;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.House;

/// <summary>A folder of the library names only folders below it; docs/architecture.md draws the arrows.</summary>
public sealed class FolderArrowTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new(StringComparer.Ordinal)
    {
        ["Exchange"] = ["Pooling", "Connections", "Diagnostics", "Timing", "Buffers"],
        ["Pooling"] = ["Dialing", "Http1", "Http2", "Connections", "Diagnostics", "Timing", "Buffers"],
        ["Dialing"] = ["Sockets", "Connections", "Diagnostics", "Timing", "Buffers"],
        ["Http1"] = ["Fields", "Sockets", "Connections", "Diagnostics", "Timing", "Buffers"],
        ["Http2"] = ["Fields", "Sockets", "Connections", "Diagnostics", "Timing", "Buffers"],
        ["Fields"] = ["Diagnostics", "Buffers"],
        ["Connections"] = ["Sockets", "Diagnostics", "Timing", "Buffers"],
        ["Sockets"] = ["Diagnostics", "Timing", "Buffers"],
        ["Diagnostics"] = [],
        ["Timing"] = [],
        ["Buffers"] = [],
    };

    public static TheoryData<string> Folders => [.. s_allowed.Keys];

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_names_only_folders_below_it(string folder)
    {
        string[] forbidden = [.. s_allowed.Keys.Except(s_allowed[folder]).Where(other => other != folder)];
        var naming = new Regex($@"\bWarmwire\.({string.Join('|', forbidden)})\b|(?<![\w.])({string.Join('|', forbidden)})\.[A-Z]", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

        List<string> wrong = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Library(), folder), "*.cs", SearchOption.AllDirectories))
        {
            int number = 0;
            foreach (string line in File.ReadLines(file))
            {
                number++;
                if (!line.TrimStart().StartsWith("//", StringComparison.Ordinal) && naming.IsMatch(line))
                {
                    wrong.Add($"{Path.GetFileName(file)}:{number}: {line.Trim()}");
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{folder} may name only {string.Join(", ", s_allowed[folder])}:\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Every_folder_of_the_library_has_its_arrows() =>
        Assert.Equal(
            s_allowed.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateDirectories(Library()).Select(Path.GetFileName).Where(static name => name is not ("bin" or "obj")).Order(StringComparer.Ordinal)!);

    private static string Library() => Repository.Path("src/Warmwire");
}
