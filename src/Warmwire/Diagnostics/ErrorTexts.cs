using System.Globalization;

namespace Warmwire.Diagnostics;

/// <summary>Every text a user of the library may read in an exception. Each names what was wrong and the setting that governs it.</summary>
internal static class ErrorTexts
{
    public const string SettingsAreFrozen = "This handler has already sent a request; its settings cannot be changed any more. Make another handler, or use TransportOptions to change settings of one request.";
    public const string MustBePositiveOrInfinite = "The value must be positive and at most 2147483647 ms, or Timeout.InfiniteTimeSpan.";
    public const string MustNotBeNegative = "The value must be zero or positive and at most 2147483647 ms, or Timeout.InfiniteTimeSpan.";
    public const string MustBeFinite = "The value must be finite.";
    public const string MustBeFraction = "The value must be from 0 to 1.";

    public static string SettingNotSupported(string setting) =>
        $"PooledHttpHandler.{setting} is not supported yet; leave it at its default.";

    public static string OriginMustBeHttp(Uri origin) =>
        $"'{origin}' is not an absolute http or https URI.";
}
