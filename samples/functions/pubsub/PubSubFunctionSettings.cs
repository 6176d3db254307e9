using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Warmwire.Samples.PubSub;

/// <summary>What the function is told at start.</summary>
/// <param name="Project">The project whose topics it publishes to.</param>
internal sealed record PubSubFunctionSettings(string Project)
{
    // What would make it a path, a query or a user's name.
    private static readonly SearchValues<char> s_notInHost = SearchValues.Create("/?#@\\ ");

    /// <summary>An emulator in place of the service: plain http, no token.</summary>
    public Uri? Emulator { get; init; }

    /// <summary>The metadata server's host, and its port if that is not 80.</summary>
    public string MetadataHost { get; init; } = MetadataTokenSource.DefaultHost;

    /// <summary>
    /// Whether all requests share one publisher and client. <see langword="false"/> creates new ones for each, the mistake this sample is
    /// about.
    /// </summary>
    public bool Reuse { get; init; } = true;

    /// <summary>The connections that the shared client may open; requests beyond wait a moment for one.</summary>
    public int MaxConnections { get; init; } = 16;

    /// <summary>Takes a line for each publish that failed.</summary>
    public Action<string> Log { get; init; } = Console.Error.WriteLine;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads <c>GOOGLE_CLOUD_PROJECT</c>, <c>PUBSUB_EMULATOR_HOST</c>, <c>GCE_METADATA_HOST</c> and <c>REUSE</c>.</summary>
    /// <param name="read">Gives the environment variable of a name.</param>
    /// <param name="settings">The settings, if they are right.</param>
    /// <param name="wrong">What is wrong with them otherwise.</param>
    public static bool TryRead(
        Func<string, string?> read,
        [NotNullWhen(true)] out PubSubFunctionSettings? settings,
        [NotNullWhen(false)] out string? wrong)
    {
        settings = null;
        string? project = read("GOOGLE_CLOUD_PROJECT");
        if (string.IsNullOrEmpty(project))
        {
            wrong = "GOOGLE_CLOUD_PROJECT is not set; it is the project whose topics are published to";
            return false;
        }

        if (ResourceNames.WrongProject(project) is { } wrongProject)
        {
            wrong = $"GOOGLE_CLOUD_PROJECT: {wrongProject}";
            return false;
        }

        if (!TryReadHost(read, "PUBSUB_EMULATOR_HOST", out Uri? emulator, out wrong)
            || !TryReadHost(read, "GCE_METADATA_HOST", out Uri? metadata, out wrong))
        {
            return false;
        }

        string? reuse = read("REUSE");
        if (reuse is not (null or "" or "on" or "off"))
        {
            wrong = $"REUSE must be 'on' or 'off', not '{reuse}'";
            return false;
        }

        wrong = null;
        settings = new PubSubFunctionSettings(project)
        {
            Emulator = emulator,
            MetadataHost = metadata?.Authority ?? MetadataTokenSource.DefaultHost,
            Reuse = reuse != "off",
        };
        return true;
    }

    private static bool TryReadHost(Func<string, string?> read, string name, out Uri? uri, [NotNullWhen(false)] out string? wrong)
    {
        wrong = null;
        uri = null;
        string? host = read(name);
        if (string.IsNullOrEmpty(host))
        {
            return true;
        }

        if (host.AsSpan().ContainsAny(s_notInHost) || !Uri.TryCreate($"http://{host}/", UriKind.Absolute, out uri))
        {
            wrong = $"{name} must be a host and a port, such as localhost:8085, not '{host}'";
            return false;
        }

        return true;
    }
}
