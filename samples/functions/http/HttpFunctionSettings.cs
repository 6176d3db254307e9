using System.Diagnostics.CodeAnalysis;

namespace Warmwire.Samples.HttpFunction;

/// <summary>What the function is told at start.</summary>
/// <param name="Upstream">What it calls.</param>
internal sealed record HttpFunctionSettings(Uri Upstream)
{
    /// <summary>
    /// Whether all requests share one client. <see langword="false"/> creates a new client for each, the mistake this sample is about.
    /// </summary>
    public bool Reuse { get; init; } = true;

    /// <summary>The time one call may take, its body included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Takes a line for each call that failed.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads <c>UPSTREAM_URL</c> and <c>REUSE</c>.</summary>
    /// <param name="read">Gives the environment variable of a name.</param>
    /// <param name="settings">The settings, if they are right.</param>
    /// <param name="wrong">What is wrong with them otherwise.</param>
    public static bool TryRead(
        Func<string, string?> read,
        [NotNullWhen(true)] out HttpFunctionSettings? settings,
        [NotNullWhen(false)] out string? wrong)
    {
        settings = null;
        string? upstream = read("UPSTREAM_URL");
        if (string.IsNullOrEmpty(upstream))
        {
            wrong = "UPSTREAM_URL is not set; it is the URL to call, such as http://localhost:9000/";
            return false;
        }

        // A path such as /x is an absolute file URI on Unix, hence the check of the scheme.
        if (!Uri.TryCreate(upstream, UriKind.Absolute, out Uri? uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            wrong = $"UPSTREAM_URL must be an absolute http or https URL, not '{upstream}'";
            return false;
        }

        string? reuse = read("REUSE");
        if (reuse is not (null or "" or "on" or "off"))
        {
            wrong = $"REUSE must be 'on' or 'off', not '{reuse}'";
            return false;
        }

        wrong = null;
        settings = new HttpFunctionSettings(uri) { Reuse = reuse != "off" };
        return true;
    }
}
