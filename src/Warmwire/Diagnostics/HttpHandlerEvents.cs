using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Warmwire.Diagnostics;

/// <summary>
/// The events of <c>HttpHandlerDiagnosticListener</c>, which instrumentations of .NET's clients enrich from. A listener's name is nobody's
/// own: subscribers find each listener that has it, .NET's and this one, and no request is told by both.
/// </summary>
internal static class HttpHandlerEvents
{
    public const string ActivityName = "System.Net.Http.HttpRequestOut";

    private const string Start = ActivityName + ".Start";
    private const string Stop = ActivityName + ".Stop";
    private const string Request = "System.Net.Http.Request";
    private const string Response = "System.Net.Http.Response";
    private const string Exception = "System.Net.Http.Exception";

    private static readonly DiagnosticListener? s_listener =
        UserCode.Publish(static () => new DiagnosticListener("HttpHandlerDiagnosticListener"));

    public static bool HasListener => s_listener?.IsEnabled() == true;

    /// <summary>Whether a subscriber wants an activity for this request even if no source makes one.</summary>
    public static bool WantActivity(HttpRequestMessage request) => Wants(ActivityName, request);

    /// <summary>Its activity has started and is current.</summary>
    public static void ActivityStarted(HttpRequestMessage request)
    {
        if (Wants(Start))
        {
            UserCode.Write(s_listener!, Start, new ActivityStartPayload(request));
        }
    }

    /// <summary>Its activity is about to stop, and has its duration.</summary>
    public static void ActivityStopping(HttpRequestMessage request, HttpResponseMessage? response, TaskStatus status)
    {
        if (Wants(Stop))
        {
            UserCode.Write(s_listener!, Stop, new ActivityStopPayload(request, response, status));
        }
    }

    /// <returns>What tells the response's event whose it is.</returns>
    public static Guid RequestStarted(HttpRequestMessage request, long timestamp)
    {
        if (!Wants(Request))
        {
            return Guid.Empty;
        }

        var id = Guid.NewGuid();
        UserCode.Write(s_listener!, Request, new RequestPayload(request, id, timestamp));
        return id;
    }

    public static void RequestStopped(HttpResponseMessage? response, Guid id, long timestamp, TaskStatus status)
    {
        if (Wants(Response))
        {
            UserCode.Write(s_listener!, Response, new ResponsePayload(response, id, timestamp, status));
        }
    }

    public static void RequestFailed(HttpRequestMessage request, Exception error)
    {
        if (Wants(Exception))
        {
            UserCode.Write(s_listener!, Exception, new ExceptionPayload(error, request));
        }
    }

    private static bool Wants(string name, object? about = null) =>
        s_listener is { } listener && listener.IsEnabled() && UserCode.IsEnabled(listener, name, about);

    // The payloads. Subscribers read their properties by name, and what is behind them: trimming must keep both.

    private sealed class ActivityStartPayload
    {
        [DynamicDependency(nameof(HttpRequestMessage.RequestUri), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(HttpRequestMessage.Method), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(Uri.Host), typeof(Uri))]
        [DynamicDependency(nameof(Uri.Port), typeof(Uri))]
        public ActivityStartPayload(HttpRequestMessage request) => Request = request;

        public HttpRequestMessage Request { get; }
    }

    private sealed class ActivityStopPayload(HttpRequestMessage request, HttpResponseMessage? response, TaskStatus status)
    {
        public HttpResponseMessage? Response { get; } = response;

        public HttpRequestMessage Request { get; } = request;

        public TaskStatus RequestTaskStatus { get; } = status;
    }

    private sealed class RequestPayload
    {
        [DynamicDependency(nameof(HttpRequestMessage.RequestUri), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(HttpRequestMessage.Method), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(Uri.Host), typeof(Uri))]
        [DynamicDependency(nameof(Uri.Port), typeof(Uri))]
        public RequestPayload(HttpRequestMessage request, Guid id, long timestamp) =>
            (Request, LoggingRequestId, Timestamp) = (request, id, timestamp);

        public HttpRequestMessage Request { get; }

        public Guid LoggingRequestId { get; }

        public long Timestamp { get; }
    }

    private sealed class ResponsePayload
    {
        [DynamicDependency(nameof(HttpResponseMessage.StatusCode), typeof(HttpResponseMessage))]
        public ResponsePayload(HttpResponseMessage? response, Guid id, long timestamp, TaskStatus status) =>
            (Response, LoggingRequestId, Timestamp, RequestTaskStatus) = (response, id, timestamp, status);

        public HttpResponseMessage? Response { get; }

        public Guid LoggingRequestId { get; }

        public long Timestamp { get; }

        public TaskStatus RequestTaskStatus { get; }
    }

    private sealed class ExceptionPayload
    {
        [DynamicDependency(nameof(HttpRequestMessage.RequestUri), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(HttpRequestMessage.Method), typeof(HttpRequestMessage))]
        [DynamicDependency(nameof(Uri.Host), typeof(Uri))]
        [DynamicDependency(nameof(Uri.Port), typeof(Uri))]
        [DynamicDependency(nameof(System.Exception.Message), typeof(Exception))]
        [DynamicDependency(nameof(System.Exception.StackTrace), typeof(Exception))]
        public ExceptionPayload(Exception error, HttpRequestMessage request) => (Exception, Request) = (error, request);

        public Exception Exception { get; }

        public HttpRequestMessage Request { get; }
    }
}
