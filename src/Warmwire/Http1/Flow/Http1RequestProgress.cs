using System.Diagnostics;
using Warmwire.Connections;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The progress of the request that a connection sends, in one place: what the attempt tells of it, whether the connection may become idle,
/// and whether the exchange may be used again follow from it.
/// </summary>
/// <remarks>
/// The flow that writes the request makes every move. The last one is made under the gate of the connection, because a response that is
/// complete waits for it.
/// </remarks>
internal sealed class Http1RequestProgress
{
    private volatile Http1RequestState _state;
    private volatile Exception? _writeError;
    private TaskCompletionSource? _ended;
    private bool _answerWaits;

    public Http1RequestState State => _state;

    public bool IsDone => _state == Http1RequestState.Done;

    /// <summary>Whether more of it may be written.</summary>
    public bool IsUnderWay => _state < Http1RequestState.Done;

    /// <summary>The stream's own failure to write, apart from a failure of the content.</summary>
    public Exception? WriteError { get => _writeError; set => _writeError = value; }

    /// <summary>Another request is about to be sent.</summary>
    public void Begin_NeedsLock()
    {
        Debug.Assert(_state is Http1RequestState.NotStarted or Http1RequestState.Done, "the request before this one is over");
        _state = Http1RequestState.NotStarted;
        _writeError = null;
        _answerWaits = false;
    }

    /// <summary>A response that came before the end of the request waits for it. <see langword="false"/>: the end is here.</summary>
    public bool TryHoldAnswer_NeedsLock()
    {
        _answerWaits = IsUnderWay;
        return _answerWaits;
    }

    /// <summary>The request is at its end. Returns whether a response waited for it, which belongs to the caller from here on.</summary>
    public bool TakeAnswer_NeedsLock()
    {
        bool waits = _answerWaits;
        _answerWaits = false;
        return waits;
    }

    /// <param name="next">How far it is.</param>
    /// <param name="attempt">The attempt that is told.</param>
    public void MoveTo(Http1RequestState next, Attempt attempt)
    {
        Debug.Assert(
            (_state, next) switch
            {
                (Http1RequestState.NotStarted, Http1RequestState.Sending or Http1RequestState.HandedOver) => true,
                (Http1RequestState.Sending, Http1RequestState.Withheld or Http1RequestState.HandedOver) => true,
                (Http1RequestState.Sending, Http1RequestState.Unfinished) => true,
                (Http1RequestState.Withheld, Http1RequestState.Sending or Http1RequestState.Unfinished) => true,
                (Http1RequestState.HandedOver, Http1RequestState.Done or Http1RequestState.Unfinished) => true,
                _ => false,
            },
            $"a request from {_state} to {next}");

        // Story: as soon as the state says Done, the reading flow may hand the response over and the attempt serve another request. So the
        // attempt is told first.
        if (next == Http1RequestState.Done)
        {
            attempt.Progress.Sent = RequestSent.Fully;
        }
        else if (_state == Http1RequestState.NotStarted)
        {
            attempt.Progress.Sent = RequestSent.Partly;
        }

        _state = next;
    }

    /// <summary>A complete response waits for the end of its request.</summary>
    /// <param name="isNear">Whether that is worth a caller's wait.</param>
    public Task AwaitEnd_NeedsLock(bool isNear)
    {
        // Story: the writer comes back as soon as the gate is left, the connection serves the next request, and that one comes to wait for
        // its own writer. So the task is returned from here: looked up after the gate, it may be the next exchange's.
        _ended = isNear ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        return _ended?.Task ?? Task.CompletedTask;
    }

    /// <summary>What waits for the end, to be completed once the connection is idle or closed.</summary>
    public TaskCompletionSource? TakeAwaiter_NeedsLock()
    {
        TaskCompletionSource? ended = _ended;
        _ended = null;
        return ended;
    }
}
