using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>A response with a challenge that is going to be answered: its body is read, so that its connection serves the answer.</summary>
internal static class ChallengedResponse
{
    /// <summary>
    /// Reads the body to its end, within the request's limits on drains. <see langword="false"/>: it is not whole, and the response was
    /// disposed. Where the time of the exchange is over, the attempt that follows says so.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller has cancelled.</exception>
    public static async ValueTask<bool> DrainAsync(HttpResponseMessage response, Hop hop, HandlerSettings settings)
    {
        using var time = new HopTime(hop.Total, settings.TimeProvider, hop.Settings.Drain.ResponseTimeout, hop.CancellationToken);
        try
        {
            // Into its buffer: it is still the caller's response if there turns out to be no answer.
            await response.Content.LoadIntoBufferAsync(hop.Settings.Drain.MaxResponseSize, time.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception)
        {
            // Too large, too slow, or cut off: the answer goes on another connection.
            response.Dispose();
            hop.CancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
