using System.Diagnostics;
using System.Net.Http.Metrics;
using Warmwire.Diagnostics;
using Warmwire.Runtime;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>
/// The activity and the metrics of one request; each hop of a redirect is a request. It costs nothing without a listener, and never
/// throws.
/// </summary>
internal readonly struct RequestTelemetry
{
    private readonly TransportMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly HttpRequestMessage _request;
    private readonly RequestActivity? _activity;
    private readonly MetricOrigin _origin;
    private readonly long _startedAt;
    private readonly bool _measured;
    private readonly CountingMeters _counting;

    private RequestTelemetry(TransportMetrics metrics, HandlerSettings settings, HttpRequestMessage request)
    {
        _metrics = metrics;
        _time = settings.TimeProvider;
        _request = request;
        _measured = metrics.MeasuresRequests;
        if (RequestActivity.IsWanted(settings))
        {
            _activity = RequestActivity.Start(_time, request);
        }

        if (_measured)
        {
            // Inside the activity, as in .NET: a measurement may be linked to the activity that is current.
            Uri uri = request.RequestUri!;
            _origin = new MetricOrigin(uri.Scheme, RequestRules.ServerNameOf(request), uri.Port, PeerAddress: null);
            _startedAt = _time.GetTimestamp();
            _counting = metrics.RequestStarted(_origin, request.Method);
        }
    }

    /// <summary>Whether a listener wants what <see cref="Start"/> would tell.</summary>
    public static bool IsWanted(TransportMetrics metrics, HandlerSettings settings) =>
        metrics.MeasuresRequests || RequestActivity.IsWanted(settings);

    public static RequestTelemetry Start(TransportMetrics metrics, HandlerSettings settings, HttpRequestMessage request) =>
        new(metrics, settings, request);

    /// <summary>
    /// The headers that carry the trace on to the server, if there is one to carry and the request does not carry one already.
    /// </summary>
    /// <remarks>What the propagator throws is the request's failure, as it is in .NET.</remarks>
    public static IReadOnlyList<KeyValuePair<string, string>>? HeadersToPropagate(
        HttpRequestMessage request, DistributedContextPropagator? propagator)
    {
        if (propagator is null || Activity.Current is not { } current || !TelemetrySwitches.ActivitiesAreOn)
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

    /// <summary>The response's head is here.</summary>
    public void Stop(HttpResponseMessage response)
    {
        if (_measured || _activity is not null)
        {
            Stop(response, error: null, RequestOutcome.Of(response));
        }
    }

    /// <summary>The request failed.</summary>
    public void Stop(Exception error)
    {
        if (_measured || _activity is not null)
        {
            Stop(response: null, error, RequestOutcome.Of(error));
        }
    }

    private void Stop(HttpResponseMessage? response, Exception? error, in RequestOutcome outcome)
    {
        if (_measured)
        {
            _metrics.RequestStopped(
                _origin, _request.Method, _counting, _time.GetElapsedTime(_startedAt), outcome, Enricher(_request, response, error));
        }

        _activity?.Stop(response, error, outcome);
    }

    private static TransportMetrics.TagEnricher? Enricher(HttpRequestMessage request, HttpResponseMessage? response, Exception? error)
    {
        if (MetricsEnrichment.TakeCallbacks(request) is not { } callbacks)
        {
            return null;
        }

        return (ref TagList tags) =>
        {
            HttpMetricsEnrichmentContext context = MetricsEnrichment.Of(request, response, error, tags);
            foreach (Action<HttpMetricsEnrichmentContext> callback in callbacks)
            {
                UserCode.Tell(callback, context);
            }

            tags = MetricsEnrichment.TagsOf(context);
        };
    }
}
