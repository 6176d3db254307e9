using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Results;

public sealed class ShareTests
{
    [Theory]
    [InlineData(1 - 0.32, "68.0 %")] // as a double a little less
    [InlineData(0.99999, "99.9 %")]
    [InlineData(1, "100.0 %")]
    [InlineData(0, "0.0 %")]
    [InlineData(-1, "0.0 %")]
    public void It_is_rounded_down_from_what_the_number_stands_for(double ratio, string text) =>
        Assert.Equal(text, Share.RoundedDown(ratio));
}
