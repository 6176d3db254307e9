using System.Globalization;

namespace Warmwire.Cli.Quick.Ensuring;

/// <summary>
/// What a condition compares: <see cref="Part"/> of <see cref="Whole"/>, not divided, because a quotient would be rounded.
/// </summary>
/// <param name="Part">The number.</param>
/// <param name="Whole">What it is a share of, or 1; 0 if there is nothing to compare.</param>
/// <param name="Text">The same for the reader, with its unit.</param>
internal readonly record struct Measurement(decimal Part, decimal Whole, string Text)
{
    public bool Exists => Whole != 0;

    public static Measurement None(string reason) => new(0, 0, reason);

    public static Measurement Count(long count) => new(count, 1, Grouped(count));

    public static Measurement Share(long part, long whole, string what) => whole > 0
        ? new Measurement(
            part,
            whole,
            string.Create(CultureInfo.InvariantCulture, $"{100m * part / whole:0.####} % ({Grouped(part)} of {Grouped(whole)})"))
        : None($"no {what}");

    /// <summary>A double that stands for a decimal fraction, as near as it can, is that fraction again: 15 digits are kept.</summary>
    public static decimal Exact(double value) => (decimal)Math.Clamp(value, -1e15, 1e15);

    private static string Grouped(long count) => count.ToString("#,0", CultureInfo.InvariantCulture);
}
