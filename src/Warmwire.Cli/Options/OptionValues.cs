using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Quick.Settings;
using Warmwire.Cli.Quick.Requests;

namespace Warmwire.Cli.Options;

/// <summary>
/// Parsers of the values that several options share. One that cannot be parsed adds an error of one line to the argument.
/// </summary>
internal static class OptionValues
{
    /// <summary>A whole number from 1 to <paramref name="max"/>.</summary>
    public static long? Whole(ArgumentResult argument, long max)
    {
        string text = argument.Tokens[0].Value;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= 1 && value <= max)
        {
            return value;
        }

        argument.AddError(
            string.Create(CultureInfo.InvariantCulture, $"{Name(argument)} must be a whole number from 1 to {max:N0}, not '{text}'"));
        return null;
    }

    /// <summary>Seconds from 1 to <paramref name="max"/>, or any other number in that range.</summary>
    public static double Number(ArgumentResult argument, double max)
    {
        string text = argument.Tokens[0].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value >= 1
            && value <= max)
        {
            return value;
        }

        argument.AddError(
            string.Create(CultureInfo.InvariantCulture, $"{Name(argument)} must be a number from 1 to {max:0}, not '{text}'"));
        return default;
    }

    /// <summary>A time in seconds, written with or without a unit.</summary>
    public static double? Duration(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        if (Quick.Settings.Duration.TryParse(text) is { } seconds)
        {
            return seconds;
        }

        argument.AddError($"{Name(argument)} must be a time from 1ms to 7 days such as 300, 90s, 5m, 1h or 500ms, not '{text}'");
        return null;
    }

    /// <summary>An absolute http or https URL.</summary>
    /// <param name="argument">What is parsed.</param>
    /// <param name="what">What an error calls it.</param>
    public static Uri? HttpUrl(ArgumentResult argument, string what)
    {
        string text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
        {
            return uri;
        }

        argument.AddError($"{what} must be an absolute http or https URL, not '{text}'{UrlTarget.HintOf(text)}");
        return null;
    }

    /// <summary>The name of the option that the value belongs to.</summary>
    public static string Name(ArgumentResult argument) => ((OptionResult)argument.Parent!).Option.Name;
}
