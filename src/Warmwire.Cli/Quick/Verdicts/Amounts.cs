using System.Globalization;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Numbers as sentences have them.</summary>
internal static class Amounts
{
    /// <summary><c>1 request</c>, <c>2,000 requests</c>.</summary>
    public static string Count(long count, string thing) => $"{Number(count)} {thing}{(count == 1 ? "" : "s")}";

    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    public static string Were(long count) => count == 1 ? "was" : "were";

    public static string Milliseconds(double milliseconds) =>
        milliseconds.ToString(milliseconds < 10 ? "0.##" : "0.#", CultureInfo.InvariantCulture) + " ms";

    /// <summary>No zeros at the end: a rate of 30 is 30.</summary>
    public static string Rate(double rate) => rate.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Cores(double cores) => cores.ToString("0.0", CultureInfo.InvariantCulture);
}
