using System.Diagnostics;

namespace Warmwire.Diagnostics;

/// <summary>
/// The activities of connections, as .NET has them on trial: one for the opening of each connection, which has no parent because a
/// connection belongs to no request, one for each request's wait, and in the request's activity a link to the opening of its connection.
/// </summary>
internal static class ConnectionActivities
{
    private const string Setup = "Experimental.System.Net.Http.Connections.ConnectionSetup";
    private const string Wait = "Experimental.System.Net.Http.Connections.WaitForConnection";

    public static bool AreWanted => HttpActivitySources.ConnectionsHaveListener;

    /// <summary>A dial has begun. What it asks of .NET, names and TLS, has its activities inside.</summary>
    public static Activity? StartSetup(in MetricOrigin origin)
    {
        Activity? activity = HttpActivitySources.StartConnection(Setup);
        if (activity is not null)
        {
            activity.DisplayName = $"HTTP connection_setup {origin.Host}:{origin.Port}";
            if (activity.IsAllDataRequested)
            {
                activity.SetTag("server.address", origin.Host);
                activity.SetTag("server.port", origin.Port);
                activity.SetTag("url.scheme", origin.Scheme);
            }
        }

        return activity;
    }

    /// <summary>A request waits for a connection.</summary>
    public static Activity? StartWait(in MetricOrigin origin)
    {
        Activity? activity = HttpActivitySources.StartConnection(Wait);
        if (activity is not null)
        {
            activity.DisplayName = $"HTTP wait_for_connection {origin.Host}:{origin.Port}";
        }

        return activity;
    }

    public static void Succeeded(Activity? activity, string? peerAddress = null)
    {
        if (activity is null)
        {
            return;
        }

        if (peerAddress is not null && activity.IsAllDataRequested)
        {
            activity.SetTag("network.peer.address", peerAddress);
        }

        UserCode.Stop(activity);
    }

    public static void Failed(Activity? activity, Exception error)
    {
        if (activity is null)
        {
            return;
        }

        activity.SetStatus(ActivityStatusCode.Error);
        if (activity.IsAllDataRequested)
        {
            activity.SetTag("error.type", TelemetryNames.ErrorType(error));
        }

        UserCode.Stop(activity);
    }

    /// <summary>The current request goes over this connection.</summary>
    public static void LinkCurrentRequest(in ActivityContext setup)
    {
        if (Activity.Current is { } current && HttpActivitySources.IsOfRequest(current))
        {
            current.AddLink(new ActivityLink(setup));
        }
    }
}
