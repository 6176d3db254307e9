using System.Text.RegularExpressions;
using Xunit;

namespace Warmwire.Tests.House;

/// <summary>
/// Tests do not sleep: they move fake time, script a peer, or wait for a condition. Where only the real machine's time will do, a comment
/// that begins with "Real time:" says why. Long runs, which load a server as users do, are free.
/// </summary>
public partial class SleepTests
{
    private const string Reason = "// Real time: ";

    private static readonly string[] s_free =
    [
        "tests/Warmwire.Tests/Soak",
        "tests/Warmwire.Tests/Kit/Eventually.cs", // what waits for conditions
        "tests/Warmwire.Tests/Kit/Guard.cs", // a limit
    ];

    [Fact]
    public void No_test_sleeps_without_a_reason()
    {
        List<(string Path, string What)> found = [];
        foreach (string path in SourceTree.Files.Where(static path => path.StartsWith("tests/Warmwire.Tests/", StringComparison.Ordinal)
            && path.EndsWith(".cs", StringComparison.Ordinal) && !NotYet.Covers(s_free, path) && !NotYet.Covers(NotYet.Sleeps, path)))
        {
            string[] lines = SourceTree.Lines(path);
            found.AddRange(Enumerable.Range(0, lines.Length)
                .Where(i => IsSleep(lines[i]) && !lines[Math.Max(0, i - 1)].Contains(Reason, StringComparison.Ordinal))
                .Select(i => (path, $"{path}:{i + 1}: {lines[i].Trim()}")));
        }

        Assert.True(found.Count == 0, SourceTree.Report(found));
    }

    [Theory]
    [InlineData("await Task.Delay(20);", true)]
    [InlineData("Thread.Sleep(2);", true)]
    [InlineData("await Task.Delay(Timeout.Infinite, token);", false)]
    [InlineData("await Task.Delay(Seconds(10), _time, token);", false)]
    public void A_sleep_is_real_and_ends(string line, bool isSleep) => Assert.Equal(isSleep, Sleep().IsMatch(line));

    private static bool IsSleep(string line) => Sleep().IsMatch(line) && !line.Contains("[InlineData", StringComparison.Ordinal);

    [GeneratedRegex(@"\bThread\.Sleep\(|\bTask\.Delay\((?!Timeout\.Infinite|[^;]*\b_?time\b)")]
    private static partial Regex Sleep();
}
