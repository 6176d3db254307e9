using System.Globalization;
using System.Text;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>Numbers as the report writes them: thousands apart, and no more digits than mean something.</summary>
internal static class Figures
{
    private const string Missing = "–";

    public static string Count(double count) => Format(count, "#,0");

    /// <summary>Three significant digits, and whole numbers from 100 up.</summary>
    public static string Number(double number) => Math.Abs(number) switch
    {
        0 => "0",
        >= 99.95 => Format(number, "#,0"),
        >= 9.995 => Format(number, "0.0"),
        >= 0.9995 => Format(number, "0.00"),
        >= 0.0005 => Format(number, "0.000"),
        _ => Format(number, "0.#E0"),
    };

    /// <summary>What is between two whole numbers or is one.</summary>
    public static string Half(double number) => Format(number, "#,0.#");

    public static string Milliseconds(double milliseconds) => Number(milliseconds) + " ms";

    /// <summary>No zeros at the end: a rate of 30 is 30/s.</summary>
    public static string Rate(double rate) => Format(rate, Math.Abs(rate) >= 100 ? "#,0.#" : "0.##") + "/s";

    public static string Percent(double ratio) => Format(Math.Clamp(100 * ratio, 0, 100), "0.0") + " %";

    /// <summary>Rounded down, as the verdict does: all of something is claimed only where it was all.</summary>
    public static string PercentRoundedDown(double ratio) => Share.RoundedDown(ratio);

    /// <summary>In the unit that a person would choose.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || Math.Abs(seconds) >= 1e9)
        {
            return Count(seconds) + " s";
        }

        double whole = Math.Round(seconds);
        return whole switch
        {
            _ when seconds == 0 => "0 s",
            _ when seconds < 0.9995 => Milliseconds(1000 * seconds),
            < 120 => Format(seconds, seconds < 9.995 ? "0.##" : "0.#") + " s",
            < 7200 => Two(whole, 60, "min", "s"),
            _ => Two(Math.Round(whole / 60), 60, "h", "min"),
        };
    }

    public static string Megabytes(double megabytes) => Number(megabytes) + " MB";

    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => Plural(bytes, "byte"),
        < 1_000_000 => Number(bytes / 1e3) + " kB",
        < 1_000_000_000 => Number(bytes / 1e6) + " MB",
        _ => Number(bytes / 1e9) + " GB",
    };

    public static string Plural(long count, string noun) => Count(count) + " " + noun + (count == 1 ? "" : "s");

    /// <summary>Texts from outside may be of any length.</summary>
    public static string Shorten(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    /// <summary><c>ServerClosed</c> and <c>server_closed</c> are both "server closed".</summary>
    public static string Words(string name)
    {
        var words = new StringBuilder(name.Length + 8);
        char before = ' ';
        foreach (char letter in name)
        {
            bool beginsWord = char.IsUpper(letter) && (char.IsLower(before) || char.IsDigit(before));
            words.Append(beginsWord ? " " : "").Append(letter is '_' ? ' ' : char.ToLowerInvariant(letter));
            before = letter;
        }

        return words.ToString();
    }

    private static string Two(double small, int factor, string largeUnit, string smallUnit)
    {
        double rest = small % factor;
        string large = $"{Count(Math.Floor(small / factor))} {largeUnit}";
        return rest == 0 ? large : $"{large} {Count(rest)} {smallUnit}";
    }

    private static string Format(double number, string format) =>
        !double.IsFinite(number) ? Missing : number.ToString(Math.Abs(number) < 1e15 ? format : "0.##E0", CultureInfo.InvariantCulture);
}
