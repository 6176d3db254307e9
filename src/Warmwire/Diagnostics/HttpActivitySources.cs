using System.Diagnostics;

namespace Warmwire.Diagnostics;

/// <summary>
/// The sources of activities, under .NET's names. Only where nobody listens to that of requests, and somebody to <c>Warmwire</c>, the
/// activities of requests are that one's: no request has two.
/// </summary>
internal static class HttpActivitySources
{
    private static readonly ActivitySource? s_requests = Make("System.Net.Http");
    private static readonly ActivitySource? s_ownRequests = Make("Warmwire");
    private static readonly ActivitySource? s_connections = Make("Experimental.System.Net.Http.Connections");

    /// <summary>Whether anybody listens to requests.</summary>
    public static bool RequestsHaveListener => HasListener(s_requests) || HasListener(s_ownRequests);

    /// <summary>Whether anybody listens to connections.</summary>
    public static bool ConnectionsHaveListener => HasListener(s_connections);

    public static Activity? StartRequest() =>
        Start(HasListener(s_requests) ? s_requests : s_ownRequests, HttpHandlerEvents.ActivityName, ActivityKind.Client);

    public static Activity? StartConnection(string name) => Start(s_connections, name, ActivityKind.Internal);

    /// <summary>Whether it is the activity of a request.</summary>
    public static bool IsOfRequest(Activity activity) =>
        ReferenceEquals(activity.Source, s_requests) || ReferenceEquals(activity.Source, s_ownRequests);

    private static bool HasListener(ActivitySource? source) => source?.HasListeners() == true;

    private static Activity? Start(ActivitySource? source, string name, ActivityKind kind) =>
        source is null ? null : UserCode.Start(source, name, kind);

    private static ActivitySource? Make(string name) => UserCode.Publish(() => new ActivitySource(name));
}
