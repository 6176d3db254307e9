using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Settings;
using Warmwire.Timing;

namespace Warmwire.Exchange;

/// <summary>
/// The time of the whole exchange (<see cref="PooledHttpHandler.RequestTimeout"/>, <see cref="TransportOptions.Timeout"/>): when it begins,
/// and with what it ends.
/// </summary>
internal static class TotalTime
{
    /// <summary>Lets the time run, if the exchange has one.</summary>
    public static TotalDeadline? Begin(RequestSettings settings, DeadlineQueue deadlines)
    {
        if (settings.Total == Timeout.InfiniteTimeSpan)
        {
            return null;
        }

        TotalDeadline total = TotalDeadline.Rent(settings.Total, settings.TotalSetting);
        deadlines.Schedule(total, settings.Total);
        return total;
    }

    /// <summary>
    /// The response is about to be the caller's: the time ends with its body, or here, if that is complete or the response opens a tunnel.
    /// </summary>
    public static void EndWith(HttpResponseMessage response, TotalDeadline total, DeadlineQueue deadlines)
    {
        if ((response.Content as ITimedBody)?.TryAttach(total) != true)
        {
            total.End(deadlines);
        }
    }
}
