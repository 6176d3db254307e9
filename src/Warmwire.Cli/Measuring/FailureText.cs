namespace Warmwire.Cli.Measuring;

/// <summary>A failed request in one line.</summary>
internal static class FailureText
{
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

        return told.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }
}
