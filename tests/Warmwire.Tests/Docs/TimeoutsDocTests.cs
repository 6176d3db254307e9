using System.Reflection;
using Xunit;

namespace Warmwire.Tests.Docs;

/// <summary>docs/timeouts.md has every time that can be set: each with its key and its default, and with what it bounds.</summary>
public sealed class TimeoutsDocTests
{
    private const string Page = "docs/timeouts.md";

    public static TheoryData<string> Properties() =>
        [
            .. typeof(PooledHttpHandler)
                .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .Where(static property => property.PropertyType == typeof(TimeSpan))
                .Select(static property => property.Name),
        ];

    public static TheoryData<string> Keys() => [.. KeyNames];

    private static IEnumerable<string> KeyNames =>
        typeof(TransportOptions)
            .GetFields(BindingFlags.Static | BindingFlags.Public)
            .Where(static key => key.FieldType == typeof(HttpRequestOptionsKey<TimeSpan>))
            .Select(static key => key.Name);

    [Theory]
    [MemberData(nameof(Properties))]
    public void A_time_of_the_handler_is_there_with_its_key_its_default_and_what_it_bounds(string name)
    {
        string[] row = Assert.Single(DocFiles.Rows(Page), cells => cells[0] == $"`{name}`" && cells.Length == 4);
        using var handler = new PooledHttpHandler();
        Assert.Equal(DocFiles.Format(typeof(PooledHttpHandler).GetProperty(name)!.GetValue(handler)), row[2].Trim('*'));
        string key = name == nameof(PooledHttpHandler.RequestTimeout) ? nameof(TransportOptions.Timeout) : name;
        Assert.Equal(KeyNames.Contains(key) ? $"`{key}`" : "none", row[1]);
        Assert.Contains(DocFiles.Rows(Page), cells => cells[0] == $"`{name}`" && cells.Length == 3);
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void A_time_of_a_request_is_there(string name) =>
        Assert.Single(DocFiles.Rows(Page), cells => cells.Length == 4 && cells[1] == $"`{name}`");

    [Fact]
    public void The_drawing_names_the_times_that_a_request_sees()
    {
        string drawing = DocFiles.Read(Page).Split("```")[1];
        Assert.All(KeyNames, key => Assert.Contains(key, drawing, StringComparison.Ordinal));
    }
}
