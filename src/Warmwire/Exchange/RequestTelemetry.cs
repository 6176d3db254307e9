using System.Diagnostics;
using System.Net;
using Warmwire.Diagnostics;

namespace Warmwire.Exchange;

/// <summary>The activity and the metrics of one request; each hop of a redirect is a request. Costs nothing while nobody listens.</summary>
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
            metrics.RequestStarted(_origin, request.Method);
        }

        if (s_source.HasListeners())
        {
            string method = TelemetryNames.Method(request.Method);
            bool isKnown = method != TelemetryNames.OtherMethod;
            _activity = s_source.StartActivity(isKnown ? method : "HTTP", ActivityKind.Client);
            if (_activity is { IsAllDataRequested: true })
            {
                _activity.SetTag("http.request.method", method);
                if (!isKnown)
                {
                    _activity.SetTag("http.request.method_original", request.Method.Method);
                }

                _activity.SetTag("url.full", Redacted(uri));
                _activity.SetTag("server.address", uri.IdnHost);
                _activity.SetTag("server.port", uri.Port);
            }
        }
    }

    /// <summary>Whether anybody listens to what <see cref="Start"/> would tell.</summary>
    public static bool IsWanted(TransportMetrics metrics) => metrics.MeasuresRequests || s_source.HasListeners();

    public static RequestTelemetry Start(TransportMetrics metrics, TimeProvider time, HttpRequestMessage request) => new(metrics, time, request);

    /// <summary>The headers that carry the trace on to the server, if there is one to carry and the request does not carry one already.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>>? HeadersToPropagate(HttpRequestMessage request, DistributedContextPropagator? propagator)
    {
        if (propagator is null || Activity.Current is not { } current)
        {
            return null;
        }

        var headers = new List<KeyValuePair<string, string>>(2);
        propagator.Inject(current, (request, headers), static (carrier, name, value) =>
        {
            (HttpRequestMessage request, List<KeyValuePair<string, string>> headers) = ((HttpRequestMessage, List<KeyValuePair<string, string>>))carrier!;
            if (!request.Headers.NonValidated.Contains(name))
            {
                headers.Add(new KeyValuePair<string, string>(name, value));
            }
        });
        return headers;
    }

    public void Stop(HttpResponseMessage response) => Stop((int)response.StatusCode, response.Version, (int)response.StatusCode >= 400 ? ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture) : null);

    public void Stop(Exception error)
    {
        Stop(statusCode: null, version: null, TelemetryNames.ErrorType(error));
    }

    private void Stop(int? statusCode, Version? version, string? errorType)
    {
        if (_measured)
        {
            _metrics.RequestStopped(_origin, _request.Method, _time.GetElapsedTime(_startedAt), statusCode, version, errorType);
        }

        if (_activity is null)
        {
            return;
        }

        if (statusCode is { } code)
        {
            _activity.SetTag("http.response.status_code", code);
            _activity.SetTag("network.protocol.version", TelemetryNames.Version(version ?? HttpVersion.Version11));
        }

        if (errorType is not null)
        {
            _activity.SetTag("error.type", errorType);
            _activity.SetStatus(ActivityStatusCode.Error);
        }

        _activity.Stop();
    }

    /// <summary>Without user info, and with the query's values hidden: they may be secrets.</summary>
    private static string Redacted(Uri uri)
    {
        string query = uri.Query.Length > 1 ? "?*" : "";
        return $"{uri.Scheme}://{uri.Authority}{uri.AbsolutePath}{query}";
    }
}
