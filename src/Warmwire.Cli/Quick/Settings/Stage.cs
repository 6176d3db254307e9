using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>A part of a load in which the rate goes linearly from that of the part before to its own (<c>--stage</c>).</summary>
/// <param name="Seconds">How long it is.</param>
/// <param name="Rate">Arrivals a second at its end.</param>
internal readonly record struct Stage(double Seconds, double Rate)
{
    public const int MaxCount = 1_000;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds:0.###}s:{Rate:0.###}");
}
