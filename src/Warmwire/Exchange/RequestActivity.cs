using System.Diagnostics;
using Warmwire.Diagnostics;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// The activity of one request, and the events beside it, as .NET's own handler has them.
/// </summary>
internal sealed class RequestActivity
{
    private readonly TimeProvider _time;
    private readonly HttpRequestMessage _request;
    private readonly Activity? _activity;
    private readonly Guid _id;

    private RequestActivity(TimeProvider time, HttpRequestMessage request)
    {
        _time = time;
        _request = request;
        _activity = StartActivity(request);
        if (_activity is not null)
        {
            Describe(_activity, request);
            HttpHandlerEvents.ActivityStarted(request);
        }

        _id = HttpHandlerEvents.RequestStarted(request, time.GetTimestamp());
    }

    /// <summary>Whether anybody listens. As in .NET, a handler that writes no trace makes no activities.</summary>
    public static bool IsWanted(HandlerSettings settings) =>
        (HttpActivitySources.RequestsHaveListener || HttpHandlerEvents.HasListener)
        && settings.ActivityHeadersPropagator is not null
        && TelemetrySwitches.ActivitiesAreOn;

    public static RequestActivity Start(TimeProvider time, HttpRequestMessage request) => new(time, request);

    public void Stop(HttpResponseMessage? response, Exception? error, in RequestOutcome outcome)
    {
        TaskStatus status = error switch
        {
            null => TaskStatus.RanToCompletion,
            OperationCanceledException => TaskStatus.Canceled,
            _ => TaskStatus.Faulted,
        };
        if (status == TaskStatus.Faulted)
        {
            HttpHandlerEvents.RequestFailed(_request, error!);
        }

        if (_activity is not null)
        {
            // By the clock it started by, and before the event: subscribers read the duration.
            _activity.SetEndTime(TimeProvider.System.GetUtcNow().UtcDateTime);
            Describe(_activity, error, outcome);
            HttpHandlerEvents.ActivityStopping(_request, response, status);
            UserCode.Stop(_activity);
        }

        HttpHandlerEvents.RequestStopped(response, _id, _time.GetTimestamp(), status);
    }

    private static Activity? StartActivity(HttpRequestMessage request)
    {
        Activity? activity = HttpActivitySources.StartRequest();
        if (activity is null
            && HttpHandlerEvents.HasListener
            && (Activity.Current is not null || HttpHandlerEvents.WantActivity(request)))
        {
            activity = UserCode.Start(new Activity(HttpHandlerEvents.ActivityName));
        }

        return activity;
    }

    private static void Describe(Activity activity, HttpRequestMessage request)
    {
        string method = TelemetryNames.Method(request.Method);
        bool isKnown = method != TelemetryNames.OtherMethod;
        activity.DisplayName = isKnown ? method : "HTTP";
        if (!activity.IsAllDataRequested)
        {
            return;
        }

        Uri uri = request.RequestUri!;
        activity.SetTag("http.request.method", method);
        if (!isKnown)
        {
            activity.SetTag("http.request.method_original", request.Method.Method);
        }

        activity.SetTag("server.address", RequestRules.ServerNameOf(request));
        activity.SetTag("server.port", uri.Port);
        activity.SetTag("url.full", Told(uri));
    }

    private static void Describe(Activity activity, Exception? error, in RequestOutcome outcome)
    {
        if (!activity.IsAllDataRequested)
        {
            return;
        }

        if (outcome.StatusCode is { } code)
        {
            activity.SetTag("http.response.status_code", code);
            activity.SetTag("network.protocol.version", TelemetryNames.Version(outcome.Version!));
        }

        if (outcome.ErrorType is { } errorType)
        {
            activity.SetTag("error.type", errorType);
            activity.SetStatus(ActivityStatusCode.Error);
            if (error is not null)
            {
                UserCode.AddException(activity, error);
            }
        }
    }

    /// <summary>Without user info, and with the query's values hidden: they may be secrets.</summary>
    private static string Told(Uri uri)
    {
        if (TelemetrySwitches.QueriesAreShown)
        {
            return uri.AbsoluteUri;
        }

        string query = uri.Query.Length > 1 ? "?*" : "";
        return $"{uri.Scheme}://{uri.Authority}{uri.AbsolutePath}{query}";
    }
}
