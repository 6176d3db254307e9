using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Measuring;

/// <summary>A failed request in one line.</summary>
internal static class FailureText
{
    /// <summary>A comparison has no option for what the library's errors name.</summary>
    private static readonly Dictionary<string, string> s_noOptions = [];

    public static string Of(Exception failure, TimeSpan timeout)
    {
        if (failure is OperationCanceledException)
        {
            return $"no response within {timeout.TotalSeconds:0.#} s";
        }

        // .NET's HttpRequestException refers to the exception inside it for what really happened.
        Exception told = failure;
        while (told.InnerException is { } inner && told.Message.Contains("inner exception", StringComparison.Ordinal))
        {
            told = inner;
        }

        return SettingNames.Replace(told.Message.ReplaceLineEndings(" "), s_noOptions).TrimEnd('.');
    }
}
