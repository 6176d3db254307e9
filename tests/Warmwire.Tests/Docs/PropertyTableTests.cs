using System.Reflection;
using Xunit;

namespace Warmwire.Tests.Docs;

/// <summary>The table of all properties in docs/migrating.md, against both handlers themselves.</summary>
public sealed class PropertyTableTests
{
    private const string Page = "docs/migrating.md";
    private const string OtherDefault = "other default";

    private static readonly string[] s_kinds = ["same", OtherDefault, "stricter"];

    public static TheoryData<string> Properties() => [.. All().Select(static property => property.Name)];

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_property_is_listed_with_both_defaults_and_what_differs(string name)
    {
        string[] cells = Assert.Single(Rows(), row => row[0] == $"`{name}`");
        PropertyInfo theirs = typeof(SocketsHttpHandler).GetProperty(name)!;
        PropertyInfo ours = typeof(PooledHttpHandler).GetProperty(name)!;
        Assert.Equal(theirs.PropertyType, ours.PropertyType);
        using var reference = new SocketsHttpHandler();
        using var handler = new PooledHttpHandler();
        object? theirDefault = theirs.GetValue(theirs.GetMethod!.IsStatic ? null : reference);
        object? ourDefault = ours.GetValue(ours.GetMethod!.IsStatic ? null : handler);
        if (theirs.PropertyType.IsValueType || theirDefault is null)
        {
            Assert.Equal(DocFiles.Format(theirDefault), cells[1]);
            Assert.Equal(DocFiles.Format(ourDefault), cells[2]);
            Assert.Equal(!Equals(theirDefault, ourDefault), cells[3].StartsWith(OtherDefault, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Nothing_else_is_listed() =>
        Assert.Equal(
            All().Select(static property => $"`{property.Name}`").Order(StringComparer.Ordinal), Rows().Select(static row => row[0]));

    private static IEnumerable<PropertyInfo> All() =>
        typeof(SocketsHttpHandler).GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static);

    private static IEnumerable<string[]> Rows() =>
        DocFiles.Rows(Page).Where(static row =>
            row.Length == 5 && s_kinds.Any(kind => row[3] == kind || row[3].StartsWith(kind + ";", StringComparison.Ordinal)));
}
