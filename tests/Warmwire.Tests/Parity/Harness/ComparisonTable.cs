using System.Reflection;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// A table of a page that compares both handlers, and the tests that each of its rows stands on. A row is known by its first cell.
/// </summary>
/// <param name="Heading">The heading that the table stands under.</param>
/// <param name="HasKinds">Whether the last column says same, stricter or better.</param>
/// <param name="Tests">The names of test methods, by row.</param>
internal sealed record ComparisonTable(string Heading, bool HasKinds, IReadOnlyDictionary<string, string[]> Tests)
{
    private static readonly string[] s_kinds = ["same", "stricter", "better"];

    private static readonly ILookup<string, MethodInfo> s_methods = typeof(ComparisonTable).Assembly.GetTypes()
        .SelectMany(static type => type.GetMethods(
            BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        .ToLookup(static method => method.Name, StringComparer.Ordinal);

    /// <summary>Everything that is wrong with the table on this page, in words.</summary>
    public IReadOnlyList<string> Faults(string page)
    {
        string[][] rows = [.. Rows(page)];
        string[] named = [.. rows.Select(static cells => cells[0])];
        int columns = HasKinds ? 4 : 3;
        return
        [
            .. rows.Length == 0 ? [$"there is no table under '{Heading}'"] : Array.Empty<string>(),
            .. named.Except(Tests.Keys, StringComparer.Ordinal).Select(static row => $"no test shows the row: {row}"),
            .. Tests.Keys.Except(named, StringComparer.Ordinal).Select(static row => $"tests without a row: {row}"),
            .. named.GroupBy(static row => row, StringComparer.Ordinal).Where(static same => same.Skip(1).Any()).Select(
                static same => $"two rows are called: {same.Key}"),
            .. rows.Where(cells => cells.Length != columns).Select(cells => $"not {columns} columns: {cells[0]}"),
            .. rows.Where(cells => HasKinds && !s_kinds.Contains(cells[^1], StringComparer.Ordinal)).Select(
                static cells => $"the kind '{cells[^1]}' is none: {cells[0]}"),
            .. Tests.Where(static entry => entry.Value.Length == 0).Select(static entry => $"an entry without a test: {entry.Key}"),
            .. Tests.Values.SelectMany(static tests => tests).Distinct(StringComparer.Ordinal).Where(static test => !IsTest(test)).Select(
                static test => $"no [Fact] or [Theory]: {test}"),
        ];
    }

    /// <summary>Every method of this name has to be one, so that the name says which is meant.</summary>
    private static bool IsTest(string name) =>
        s_methods.Contains(name) && s_methods[name].All(static method => method.IsDefined(typeof(FactAttribute), inherit: true));

    private IEnumerable<string[]> Rows(string page) => page.Split('\n')
        .SkipWhile(line => line != Heading).Skip(1)
        .TakeWhile(static line => !line.StartsWith('#'))
        .Where(static line => line.StartsWith('|'))
        .Skip(2) // the names of the columns, and the line below them
        .Select(static line => line.Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray());
}
