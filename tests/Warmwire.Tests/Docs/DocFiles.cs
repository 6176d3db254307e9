using System.Globalization;
using Xunit;

namespace Warmwire.Tests.Docs;

/// <summary>The documentation in the tree the tests were built from.</summary>
internal static class DocFiles
{
    public static string Root { get; } = FindRoot();

    /// <summary>Every page, by its path from the root.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.EnumerateFiles(Root, "*.md").Concat(
            Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(static path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    public static string Read(string page) => File.ReadAllText(Path.Combine(Root, page));

    /// <summary>
    /// The cells of the table row that begins with <paramref name="first"/> in code quotes; fails if there is none, or more than one.
    /// </summary>
    public static string[] Row(string page, string first, int column = 0)
    {
        string[][] rows = [.. Rows(page).Where(cells => cells.Length > column && cells[column] == $"`{first}`")];
        Assert.True(rows.Length == 1, $"{page} should have one table row for `{first}`, but has {rows.Length}");
        return rows[0];
    }

    public static IEnumerable<string[]> Rows(string page) =>
        Read(page).Split('\n').Where(static line => line.StartsWith("| ", StringComparison.Ordinal)).Select(
            static line => line.Trim().Trim('|').Split(" | ").Select(static cell => cell.Trim()).ToArray());

    /// <summary>How the documentation writes a value.</summary>
    public static string Format(object? value) => value switch
    {
        null => "none",
        int.MaxValue => "unlimited",
        int number and >= 1024 when number % (1024 * 1024) == 0 => $"{number / 1024 / 1024} MiB",
        int number and >= 1024 when number % 1024 == 0 => $"{number / 1024} KiB",
        int number => number.ToString("N0", CultureInfo.InvariantCulture),
        TimeSpan time when time == Timeout.InfiniteTimeSpan => "infinite",
        TimeSpan time when time < TimeSpan.FromSeconds(1) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds} ms"),
        TimeSpan time when time.TotalSeconds % 60 == 0 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes} min"),
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
        bool flag => flag ? "true" : "false",
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Warmwire.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException($"There is no Warmwire.slnx above {AppContext.BaseDirectory}.");
    }
}
