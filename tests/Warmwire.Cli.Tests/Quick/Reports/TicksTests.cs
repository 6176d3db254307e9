using Warmwire.Cli.Quick.Reports;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Reports;

public sealed class TicksTests
{
    [Theory]
    [InlineData(0.9, 1)]
    [InlineData(1, 1)]
    [InlineData(1.01, 2)]
    [InlineData(2.2, 5)]
    [InlineData(5.1, 10)]
    [InlineData(0.03, 0.05)]
    [InlineData(0.1, 0.1)]
    [InlineData(1234, 2000)]
    [InlineData(0, 1)]
    [InlineData(double.NaN, 1)]
    public void A_step_is_one_or_two_or_five_times_a_power_of_ten(double atLeast, double step) =>
        Assert.Equal(step, Ticks.Step(atLeast), 1e-12);

    [Theory]
    [InlineData(0, 0, "0 1")]
    [InlineData(0, 3, "0 1 2 3")]
    [InlineData(0, 12, "0 5 10 15")]
    [InlineData(0, 9000, "0 5,000 10,000")]
    [InlineData(-30, 30, "40 20 0 20 40")]
    public void Whole_numbers_get_whole_ticks_that_hold_them_all(double from, double to, string labels) =>
        Assert.Equal(labels, Labels(Ticks.Linear(from, to, aim: 4, isWhole: true)));

    [Theory]
    [InlineData(0.2, "0.00 0.05 0.10 0.15 0.20")]
    [InlineData(0.0031, "0.000 0.001 0.002 0.003 0.004")]
    [InlineData(2.5, "0 1 2 3")]
    public void Fractions_have_as_many_digits_as_their_step(double to, string labels) =>
        Assert.Equal(labels, Labels(Ticks.Linear(0, to, aim: 4, isWhole: false)));

    [Theory]
    [InlineData(1.5, 2000, "1 10 100 1,000 10,000")]
    [InlineData(2, 9, "1 2 5 10")]
    [InlineData(1, 1, "1 2")]
    [InlineData(0.02, 0.02, "0.01 0.02")]
    public void A_logarithmic_axis_goes_by_powers_of_ten(double from, double to, string labels) =>
        Assert.Equal(labels, Labels(Ticks.Logarithmic(from, to)));

    [Fact]
    public void A_logarithmic_axis_over_many_powers_skips_some_and_still_holds_all()
    {
        IReadOnlyList<Tick> ticks = Ticks.Logarithmic(0.00001, 1e15);

        Assert.InRange(ticks.Count, 5, 9);
        Assert.True(ticks[^1].Value >= 1e15);
    }

    [Theory]
    [InlineData(3, "0|1 s|2 s|3 s")]
    [InlineData(60, "0|15 s|30 s|45 s|60 s")]
    [InlineData(300, "0|1 min|2 min|3 min|4 min|5 min")]
    [InlineData(1200, "0|5 min|10 min|15 min|20 min")]
    [InlineData(28_800, "0|2 h|4 h|6 h|8 h")]
    public void Time_has_the_steps_of_a_clock_and_the_unit_of_its_length(double seconds, string labels) =>
        Assert.Equal(labels, string.Join('|', Ticks.Time(seconds, aim: 5).Select(tick => tick.Label)));

    [Theory]
    [InlineData(0)]
    [InlineData(0.002)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData(1e300)]
    public void No_length_of_time_has_more_ticks_than_there_is_room_for(double seconds) =>
        Assert.InRange(Ticks.Time(seconds, aim: 5).Count, 1, 7);

    [Fact]
    public void Latencies_are_on_a_logarithmic_axis_only_if_the_largest_is_far_from_the_usual()
    {
        Assert.False(Axis.OfLatencies([1, 2, 40], usual: 1).IsLogarithmic);
        Assert.True(Axis.OfLatencies([1, 2, 2000], usual: 2).IsLogarithmic);
        Assert.False(Axis.OfLatencies([0, double.NaN], usual: 0).IsLogarithmic);
    }

    [Fact]
    public void What_is_missing_has_no_place_and_what_is_there_lies_on_the_axis()
    {
        var axis = Axis.OfLatencies([1, 2000], usual: 2);

        Assert.True(double.IsNaN(axis.Place(double.NaN)));
        Assert.True(double.IsNaN(axis.Place(0)));
        Assert.Equal(0, axis.Place(1), 1e-9);
        Assert.InRange(axis.Place(2000), 0.8, 1);
    }

    private static string Labels(IReadOnlyList<Tick> ticks) => string.Join(' ', ticks.Select(tick => tick.Label));
}
