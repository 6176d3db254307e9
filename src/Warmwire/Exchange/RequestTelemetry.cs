using System.Diagnostics;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>
/// The activity and the metrics of one request; each hop of a redirect is a request. It costs nothing without a listener, and never
/// throws.
/// </summary>
internal readonly struct RequestTelemetry
{
    private static readonly ActivitySource s_source = new("Warmwire");

    private readonly TransportMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly HttpRequestMessage _request;
    private readonly Activity? _activity;
    private readonly MetricOrigin _origin;
    private readonly long _startedAt;
    private readonly bool _measured;
    private readonly bool _counted;

    private RequestTelemetry(TransportMetrics metrics, TimeProvider time, HttpRequestMessage request)
    {
        _metrics = metrics;
        _time = time;
        _request = request;
        Uri uri = request.RequestUri!;
        _measured = metrics.MeasuresRequests;
        if (_measured)
        {
            _origin = new MetricOrigin(uri.Scheme, uri.IdnHost, uri.Port, PeerAddress: null);
            _startedAt = time.GetTimestamp();
            _counted = metrics.RequestStarted(_origin, request.Method);
        }

        if (s_source.HasListeners())
        {
            _activity = StartActivity(request, uri);
        }
    }

    /// <summary>Whether a listener wants what <see cref="Start"/> would tell.</summary>
    public static bool IsWanted(TransportMetrics metrics) => metrics.MeasuresRequests || s_source.HasListeners();

    public static RequestTelemetry Start(TransportMetrics metrics, TimeProvider time, HttpRequestMessage request) =>
        new(metrics, time, request);

    /// <summary>
    /// The headers that carry the trace on to the server, if there is one to carry and the request does not carry one already.
    /// </summary>
    /// <remarks>What the propagator throws is the request's failure, as it is in .NET.</remarks>
    public static IReadOnlyList<KeyValuePair<string, string>>? HeadersToPropagate(
        HttpRequestMessage request, DistributedContextPropagator? propagator)
    {
        if (propagator is null || Activity.Current is not { } current)
        {
            return null;
        }

        var headers = new List<KeyValuePair<string, string>>(2);
        propagator.Inject(current, (request, headers), static (carrier, name, value) =>
        {
            (HttpRequestMessage request, List<KeyValuePair<string, string>> headers) =
                ((HttpRequestMessage, List<KeyValuePair<string, string>>))carrier!;
            if (!request.Headers.NonValidated.Contains(name))
            {
                headers.Add(new KeyValuePair<string, string>(name, value));
            }
        });
        return headers;
    }

    public void Stop(in RequestOutcome outcome)
    {
        if (_measured)
        {
            _metrics.RequestStopped(_origin, _request.Method, _counted, _time.GetElapsedTime(_startedAt), outcome);
        }

        if (_activity is null)
        {
            return;
        }

        if (outcome.StatusCode is { } code)
        {
            _activity.SetTag("http.response.status_code", code);
            _activity.SetTag("network.protocol.version", TelemetryNames.Version(outcome.Version!));
        }

        if (outcome.ErrorType is { } errorType)
        {
            _activity.SetTag("error.type", errorType);
            _activity.SetStatus(ActivityStatusCode.Error);
        }

        UserCode.Stop(_activity);
    }

    private static Activity? StartActivity(HttpRequestMessage request, Uri uri)
    {
        string method = TelemetryNames.Method(request.Method);
        bool isKnown = method != TelemetryNames.OtherMethod;
        Activity? activity = UserCode.Start(s_source, isKnown ? method : "HTTP", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("http.request.method", method);
            if (!isKnown)
            {
                activity.SetTag("http.request.method_original", request.Method.Method);
            }

            activity.SetTag("url.full", Redacted(uri));
            activity.SetTag("server.address", uri.IdnHost);
            activity.SetTag("server.port", uri.Port);
        }

        return activity;
    }

    /// <summary>Without user info, and with the query's values hidden: they may be secrets.</summary>
    private static string Redacted(Uri uri)
    {
        string query = uri.Query.Length > 1 ? "?*" : "";
        return $"{uri.Scheme}://{uri.Authority}{uri.AbsolutePath}{query}";
    }
}
