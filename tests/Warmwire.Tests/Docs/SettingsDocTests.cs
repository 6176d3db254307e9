using System.Reflection;
using Xunit;

namespace Warmwire.Tests.Docs;

public class SettingsDocTests
{
    private const string Page = "docs/settings.md";

    public static TheoryData<string> Properties() =>
        [
            .. typeof(PooledHttpHandler)
                .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .Where(static p => p.GetSetMethod() is not null)
                .Select(static p => p.Name),
        ];

    public static TheoryData<string> Options() =>
        [.. typeof(TransportOptions).GetFields(BindingFlags.Static | BindingFlags.Public).Select(static f => f.Name)];

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_property_is_listed_with_its_default(string name)
    {
        string[] cells = HandlerRow(name);
        PropertyInfo property = typeof(PooledHttpHandler).GetProperty(name)!;
        using var handler = new PooledHttpHandler();
        if (name != nameof(PooledHttpHandler.MaxConnections) && (property.PropertyType.IsValueType || property.GetValue(handler) is null))
        {
            Assert.Equal(DocFiles.Format(property.GetValue(handler)), cells[1].Trim('*'));
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void An_option_of_a_request_is_listed_with_its_type(string name)
    {
        Type type = typeof(TransportOptions).GetField(name)!.FieldType.GetGenericArguments()[0];
        string shown = type == typeof(bool) ? "bool"
            : type == typeof(int) ? "int"
            : type == typeof(string) ? "string"
            : type == typeof(long?) ? "long?"
            : type.Name;
        Assert.Contains(DocFiles.Rows(Page), cells => cells[0] == $"`{name}`" && cells[1] == $"`{shown}`");
    }

    [Fact]
    public void The_readme_tells_the_defaults_that_are()
    {
        using var handler = new PooledHttpHandler();
        int checkedRows = 0;
        foreach (string[] cells in DocFiles.Rows("README.md"))
        {
            if (cells[0].Trim('`') is var name
                && typeof(PooledHttpHandler).GetProperty(name) is { } property
                && property.PropertyType != typeof(ReplayPolicy)
                && name != nameof(handler.MaxConnections))
            {
                Assert.Equal(DocFiles.Format(property.GetValue(handler)), cells[1]);
                checkedRows++;
            }
        }

        Assert.True(checkedRows > 8, "the table of the readme was not found");
    }

    // Some names are an option of a request too; that row has a type in its second cell.
    private static string[] HandlerRow(string name) =>
        Assert.Single(
            DocFiles.Rows(Page),
            cells => cells[0] == $"`{name}`" && !Options().Any(
                option => option.Data == name && cells[1].StartsWith('`') && cells[1] != "`DistributedContextPropagator.Current`"));
}
