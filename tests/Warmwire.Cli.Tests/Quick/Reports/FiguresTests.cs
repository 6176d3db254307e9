using Warmwire.Cli.Quick.Reports;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Reports;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.00001234, "1.2E-5")]
    [InlineData(0.1234, "0.123")]
    [InlineData(0.99951, "1.00")]
    [InlineData(9.999, "10.0")]
    [InlineData(99.96, "100")]
    [InlineData(1234567.8, "1,234,568")]
    [InlineData(double.NaN, "–")]
    [InlineData(1e300, "1E300")]
    public void A_number_has_three_digits_and_its_thousands_apart(double number, string text) => Assert.Equal(text, Figures.Number(number));

    [Theory]
    [InlineData(0.99667, "99.6 %")]
    [InlineData(0.99999, "99.9 %")]
    [InlineData(1, "100.0 %")]
    public void All_of_something_is_claimed_only_where_it_was_all(double ratio, string text) =>
        Assert.Equal(text, Figures.PercentRoundedDown(ratio));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(0.0123, "12.3 ms")]
    [InlineData(2, "2 s")]
    [InlineData(90, "90 s")]
    [InlineData(151, "2 min 31 s")]
    [InlineData(300, "5 min")]
    [InlineData(9000, "2 h 30 min")]
    public void A_duration_has_the_unit_that_a_person_would_choose(double seconds, string text) =>
        Assert.Equal(text, Figures.Duration(seconds));

    [Theory]
    [InlineData("ServerClosed", "server closed")]
    [InlineData("server_closed", "server closed")]
    [InlineData("DNS", "dns")]
    [InlineData("Http11Required", "http11 required")]
    [InlineData("", "")]
    public void A_reason_is_told_in_words(string name, string words) => Assert.Equal(words, Figures.Words(name));

    [Fact]
    public void Few_different_numbers_are_groups_by_themselves() =>
        Assert.Equal([("1", 3.0), ("750", 9.0)], Groups.Of(new Dictionary<long, long> { [750] = 9, [1] = 3 }));

    [Theory]
    [InlineData(100, 1)]
    [InlineData(500, 3)]
    [InlineData(1, 100_000)]
    [InlineData(700, 7)]
    public void Many_different_numbers_are_few_groups_that_hold_each_of_them_once(long first, long step)
    {
        var counts = Enumerable.Range(0, 300).ToDictionary(i => first + (i * step), i => (long)i);

        IReadOnlyList<(string Name, double Count)> groups = Groups.Of(counts);

        Assert.InRange(groups.Count, 2, 30);
        Assert.Equal(counts.Values.Sum(), groups.Sum(group => group.Count));
    }

    [Fact]
    public void Numbers_up_to_the_largest_there_is_are_grouped()
    {
        var counts = Enumerable.Range(0, 12).ToDictionary(i => long.MaxValue >> (5 * i), _ => 1L);

        Assert.Equal(12, Groups.Of(counts).Sum(group => group.Count));
        Assert.Equal(12, Groups.Of(Enumerable.Range(0, 12).ToDictionary(i => long.MaxValue - i, _ => 1L)).Sum(group => group.Count));
    }
}
