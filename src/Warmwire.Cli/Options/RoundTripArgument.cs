using System.Globalization;

namespace Warmwire.Cli.Options;

/// <summary>The value of <c>--rtt</c>: <c>50ms</c>, <c>0.05s</c>, or a plain number of milliseconds, up to two seconds.</summary>
internal static class RoundTripArgument
{
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(2);

    public static bool TryParse(string text, out TimeSpan roundTrip)
    {
        (string number, double unit) = text switch
        {
            [.. var value, 'm', 's'] => (value, 1),
            [.. var value, 's'] => (value, 1000),
            _ => (text, 1.0),
        };
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double parsed)
            && parsed * unit <= Max.TotalMilliseconds)
        {
            roundTrip = TimeSpan.FromMilliseconds(parsed * unit);
            return true;
        }

        roundTrip = default;
        return false;
    }
}
