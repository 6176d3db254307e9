using Warmwire.Tests.Kit;

namespace Warmwire.Tests.House;

/// <summary>The texts of the working tree that the rules of the house are about. Paths are from the root, with slashes.</summary>
internal static class SourceTree
{
    private static readonly string[] s_roots = ["src", "tests", "bench", "samples", "docs", "deploy"];

    /// <summary>Sources and pages. What a benchmark wrote (<c>bench/results</c>) is a record and stays as it was.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. s_roots.SelectMany(static root => Directory.EnumerateFiles(Repository.Path(root), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.Root))
            .Select(static path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(static path => Path.GetExtension(path) is ".cs" or ".md")
            .Where(static path => !path.Split('/').Any(static part => part is "bin" or "obj" or "node_modules" or "artifacts"))
            .Where(static path => !path.StartsWith("bench/results/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    public static string Read(string path) => File.ReadAllText(Repository.Path(path));

    public static string[] Lines(string path) => File.ReadAllLines(Repository.Path(path));

    /// <summary>What is to be shown of the findings: how many in each folder, and the first of them.</summary>
    public static string Report(IReadOnlyList<(string Path, string What)> findings) =>
        string.Join('\n', findings.GroupBy(static finding => Path.GetDirectoryName(finding.Path)!.Replace('\\', '/'))
            .Select(static group => $"{(group.Key.Length > 0 ? group.Key : "(root)")}: {group.Count()}")
            .Concat(findings.Take(200).Select(static finding => finding.What)));
}
