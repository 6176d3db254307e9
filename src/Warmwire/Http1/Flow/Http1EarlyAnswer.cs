using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Timing;

namespace Warmwire.Http1.Flow;

/// <summary>
/// A final response below 300 that arrived before its request was written. It waits for the request's end: a success beside half a request
/// would be lost data, and a caller who has the response may dispose the content.
/// </summary>
/// <remarks>
/// As a deadline it looks whether the server takes what is sent. A content that takes its time stalls nothing: that wait is the caller's
/// own, whose token and timeouts are in force.
/// </remarks>
internal sealed class Http1EarlyAnswer : Deadline
{
    private readonly Http1Connection _connection;
    private readonly Attempt _attempt;
    private volatile bool _over;

    // The deadline's own, from the first look on.
    private int _writes;
    private long _since;

    public Http1EarlyAnswer(
        Http1Connection connection, Attempt attempt, HttpResponseMessage response, ResponseContent content, in FramingResult framing)
    {
        _connection = connection;
        _attempt = attempt;
        Response = response;
        Content = content;
        Framing = framing;
    }

    public HttpResponseMessage Response { get; }

    public ResponseContent Content { get; }

    public FramingResult Framing { get; }

    private TimeProvider Time => _connection.Services.Settings.TimeProvider;

    /// <summary>Leaves the response to the flow that writes the request. <see langword="false"/>: that has come to its end.</summary>
    public bool TryHold()
    {
        // Story: the writing flow ends the request, delivers the response, and the exchange is at work for another request, as soon as the
        // gate is left. So the watch begins before it.
        _writes = _connection.Writer.Writes;
        _since = Time.GetTimestamp();
        Look();
        bool held;
        lock (_connection.Gate)
        {
            held = _connection.Request.TryHoldAnswer_NeedsLock();
        }

        if (held)
        {
            _connection.WaitsForWriter?.Invoke();
        }

        return held;
    }

    /// <summary>The wait is over. Returns whether nothing that could still call this object is left.</summary>
    public bool Unwatch()
    {
        _over = true;
        return _connection.Services.Deadlines.Cancel(this);
    }

    protected override void OnExpired()
    {
        // The caller may have gone, while the content still waits for something.
        if (_over || _attempt.IsCompleted)
        {
            return;
        }

        int writes = _connection.Writer.Writes;
        if (writes != _writes || !Http1Sender.IsWriting(writes))
        {
            _writes = writes;
            _since = Time.GetTimestamp();
        }
        else if (Time.GetElapsedTime(_since) >= Http1Limits.RequestStall)
        {
            _connection.Abandon(
                _attempt,
                TransportErrors.RequestStalled(_connection, _attempt, (int)Response.StatusCode, Http1Limits.RequestStall),
                CloseReason.RequestUnfinished);
            return;
        }

        Look();
    }

    private void Look()
    {
        // Story: the request comes to its end while this runs. Who ends the wait found nothing to cancel, so this does.
        DeadlineQueue deadlines = _connection.Services.Deadlines;
        deadlines.Schedule(this, Http1Limits.RequestStall / 4);
        if (_over)
        {
            deadlines.Cancel(this);
        }
    }
}
