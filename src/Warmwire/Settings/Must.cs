using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Warmwire.Diagnostics;

namespace Warmwire.Settings;

/// <summary>
/// The ranges of settings, the same for the properties of the handler and for the options of a request. Each check returns the value it was
/// given, so that a setter is one line; a value outside the range is an <see cref="ArgumentOutOfRangeException"/> that names the setting.
/// </summary>
internal static class Must
{
    private static readonly TimeSpan s_longestTimer = TimeSpan.FromMilliseconds(int.MaxValue);

    public static int BeAtLeastOne(int value, [CallerMemberName] string? setting = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, setting);
        return value;
    }

    public static int BeZeroOrMore(int value, [CallerMemberName] string? setting = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, setting);
        return value;
    }

    public static int BeStreamWindow(int value, [CallerMemberName] string? setting = null) =>
        value is >= HandlerDefaults.InitialHttp2StreamWindowSize and <= HandlerDefaults.MaxHttp2StreamWindowSize
            ? value
            : throw Outside(
                setting,
                value,
                ErrorTexts.MustBeStreamWindow(HandlerDefaults.InitialHttp2StreamWindowSize, HandlerDefaults.MaxHttp2StreamWindowSize));

    public static double BeFraction(double value, [CallerMemberName] string? setting = null) =>
        value is >= 0 and <= 1 ? value : throw Outside(setting, value, ErrorTexts.MustBeFraction);

    public static ReplayPolicy BeDefined(ReplayPolicy value, [CallerMemberName] string? setting = null) =>
        Enum.IsDefined(value) ? value : throw Outside(setting, value, message: null);

    public static AddressSelection BeDefined(AddressSelection value, [CallerMemberName] string? setting = null) =>
        Enum.IsDefined(value) ? value : throw Outside(setting, value, message: null);

    public static AdaptiveConcurrency? BeInOrder(AdaptiveConcurrency? value, [CallerMemberName] string? setting = null) =>
        value is null || value.MinLimit <= value.MaxLimit
            ? value
            : throw new ArgumentException(ErrorTexts.MustBeInOrder(value.MinLimit, value.MaxLimit), setting);

    public static INameResolver BeGiven(INameResolver? value, [CallerMemberName] string? setting = null) =>
        value ?? throw new ArgumentNullException(setting);

    public static TimeSpan BePositiveOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        value == Timeout.InfiniteTimeSpan || (value > TimeSpan.Zero && value <= s_longestTimer)
            ? value
            : throw Outside(setting, value, ErrorTexts.MustBePositiveOrInfinite);

    public static TimeSpan BeZeroOrMoreOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        value == Timeout.InfiniteTimeSpan || (value >= TimeSpan.Zero && value <= s_longestTimer)
            ? value
            : throw Outside(setting, value, ErrorTexts.MustNotBeNegative);

    public static TimeSpan BeZeroOrMoreAndFinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        value != Timeout.InfiniteTimeSpan ? BeZeroOrMoreOrInfinite(value, setting) : throw Outside(setting, value, ErrorTexts.MustBeFinite);

    public static TimeSpan BeSecondOrMoreOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        value == Timeout.InfiniteTimeSpan || value >= TimeSpan.FromSeconds(1)
            ? value
            : throw Outside(setting, value, ErrorTexts.MustBeSecondOrInfinite);

    /// <summary>For what is only compared with an age: no timer has to be able to wait for it.</summary>
    public static TimeSpan BeAgeOrInfinite(TimeSpan value, [CallerMemberName] string? setting = null) =>
        value == Timeout.InfiniteTimeSpan || value >= TimeSpan.Zero ? value : throw Outside(setting, value, ErrorTexts.MustBeDuration);

    /// <summary>A path that fits into an address of the system, or an abstract name of Linux, which begins with NUL.</summary>
    public static string? BeSocketPath(string? value, [CallerMemberName] string? setting = null)
    {
        if (value is null)
        {
            return null;
        }

        if (value.IndexOf('\0', value is ['\0', ..] ? 1 : 0) >= 0)
        {
            throw Outside(setting, value, UnixSocketErrorTexts.MustNotHaveNul);
        }

        try
        {
            // The system's own limits.
            _ = new UnixDomainSocketEndPoint(value);
            return value;
        }
        catch (ArgumentOutOfRangeException)
        {
            throw Outside(setting, UnixSocketErrorTexts.Show(value), UnixSocketErrorTexts.MustBeSocketPath(value));
        }
    }

    /// <summary>A name that a certificate can prove: of a host, or an address without brackets.</summary>
    public static string BeServerName(string value, [CallerMemberName] string? setting = null) =>
        Uri.CheckHostName(value) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 && value[0] != '['
            ? value
            : throw Outside(setting, value, ErrorTexts.MustBeServerName);

    private static ArgumentOutOfRangeException Outside(string? setting, object value, string? message) => new(setting, value, message);
}
