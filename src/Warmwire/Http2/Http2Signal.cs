using System.Diagnostics;
using System.Threading.Tasks.Sources;
using Warmwire.Sockets;

namespace Warmwire.Http2;

/// <summary>
/// What the writer of a request's body waits on: for room in a window, or in the output. One waits at a time, guarded by the connection's
/// gate.
/// </summary>
internal sealed class Http2Signal : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _promise;

    /// <summary>Whether a writer waits and was not told yet.</summary>
    public bool IsArmed { get; private set; }

    public ValueTask Arm_NeedsLock()
    {
        Debug.Assert(!IsArmed, "one waits at a time");
        IsArmed = true;
        _promise.Reset();
        return new ValueTask(this, _promise.Version);
    }

    /// <summary>The waiting writer goes on, as a work item of the thread pool.</summary>
    public void Set_NeedsLock()
    {
        if (IsArmed)
        {
            IsArmed = false;
            DeferredWork.Run(this);
        }
    }

    void IThreadPoolWorkItem.Execute() => _promise.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _promise.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _promise.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _promise.OnCompleted(continuation, state, token, flags);
}
