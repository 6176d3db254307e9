using Warmwire.Cli.Options;
using Xunit;

namespace Warmwire.Cli.Tests.Options;

public sealed class RoundTripArgumentTests
{
    [Theory]
    [InlineData("50ms", 50)]
    [InlineData("0.05s", 50)]
    [InlineData("50", 50)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("2s", 2000)]
    [InlineData("2000ms", 2000)]
    [InlineData("0.5", 0.5)]
    public void Times_in_range_are_read(string text, double milliseconds)
    {
        Assert.True(RoundTripArgument.TryParse(text, out TimeSpan roundTrip));
        Assert.Equal(milliseconds, roundTrip.TotalMilliseconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("ms")]
    [InlineData("-1")]
    [InlineData("2.01s")]
    [InlineData("2001")]
    [InlineData("1m")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    [InlineData("fifty")]
    public void Anything_else_is_refused(string text) => Assert.False(RoundTripArgument.TryParse(text, out _));
}
