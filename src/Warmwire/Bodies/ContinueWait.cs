using Warmwire.Timing;

namespace Warmwire.Bodies;

/// <summary>
/// The wait of a request's body for 100 Continue (RFC 9110 §10.1.1), with a limit: a server that says nothing in time gets it all the same.
/// </summary>
internal sealed class ContinueWait : Deadline
{
    private readonly TaskCompletionSource<bool> _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsDecided => _decided.Task.IsCompleted;

    /// <summary>Ends the wait. Returns whether that decided it.</summary>
    public bool Decide(bool send) => _decided.TrySetResult(send);

    /// <summary>Returns whether the body is to be sent.</summary>
    public async ValueTask<bool> WaitAsync(DeadlineQueue deadlines, TimeSpan limit)
    {
        deadlines.Schedule(this, limit);
        bool send = await _decided.Task.ConfigureAwait(false);
        deadlines.Cancel(this);
        return send;
    }

    protected override void OnExpired() => Decide(send: true);
}
