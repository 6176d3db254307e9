using System.Globalization;

namespace Warmwire.Diagnostics;

/// <summary>The end of a request as telemetry shows it: a response's head, or a failure.</summary>
internal readonly record struct RequestOutcome(int? StatusCode, Version? Version, string? ErrorType)
{
    public static RequestOutcome Of(HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        string? error = status is >= 400 and <= 599 ? status.ToString(CultureInfo.InvariantCulture) : null;
        return new RequestOutcome(status, response.Version, error);
    }

    public static RequestOutcome Of(Exception error) => new(StatusCode: null, Version: null, TelemetryNames.ErrorType(error));
}
