using System.Globalization;

namespace Warmwire.Cli.Quick.Results;

/// <summary>A share in percent, rounded down, so that 100 % means all.</summary>
internal static class Share
{
    public static string RoundedDown(double ratio) => Percent(ratio).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    /// <summary>
    /// To a tenth. As a decimal, because a double that stands for 0.68 may be a little less, and would be rounded down to 67.9.
    /// </summary>
    public static decimal Percent(double ratio) => decimal.Floor((decimal)Math.Clamp(ratio, 0, 1) * 1000) / 10;
}
