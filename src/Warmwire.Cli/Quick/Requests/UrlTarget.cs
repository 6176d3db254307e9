using System.Diagnostics.CodeAnalysis;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>A URL that is sent to, which may have placeholders behind its host, and how often.</summary>
/// <param name="Written">As it was written.</param>
/// <param name="Url">Where it leads to; placeholders are in it as text.</param>
/// <param name="Weight">Its share, compared with the others'.</param>
internal sealed record UrlTarget(string Written, Uri Url, double Weight)
{
    /// <param name="text">The URL.</param>
    /// <param name="what">What an error calls it.</param>
    /// <param name="weight">Its weight.</param>
    /// <param name="target">What it means.</param>
    /// <param name="problem">What is wrong with it, in one line.</param>
    public static bool TryParse(
        string text,
        string what,
        double weight,
        [NotNullWhen(true)] out UrlTarget? target,
        [NotNullWhen(false)] out string? problem)
    {
        target = null;
        problem = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
        {
            problem = IsTemplatedHost(text)
                ? $"{what} '{text}' has a placeholder in its host; placeholders may only follow it"
                : $"{what} must be an absolute http or https URL, not '{text}'{HintOf(text)}";
            return false;
        }

        if (url.UserInfo.Length > 0)
        {
            // It would be in every file that is written, and HTTP clients do not send it.
            problem = $"{what} must not contain a user name or password; use --header 'Authorization: …'";
            return false;
        }

        target = new UrlTarget(text, url, weight);
        return true;
    }

    /// <summary>What was meant by a URL without a scheme, as the end of an error; else nothing.</summary>
    public static string HintOf(string text) =>
        text.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate("http://" + text, UriKind.Absolute, out Uri? meant)
            ? ""
            : $"; did you mean {meant}?";

    private static bool IsTemplatedHost(string text)
    {
        int host = text.IndexOf("://", StringComparison.Ordinal);
        int path = host < 0 ? -1 : text.IndexOfAny(['/', '?', '#'], host + 3);
        return host >= 0 && text.AsSpan(host, (path < 0 ? text.Length : path) - host).Contains("{{", StringComparison.Ordinal);
    }
}
