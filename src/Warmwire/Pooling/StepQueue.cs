using System.Runtime.ExceptionServices;

namespace Warmwire.Pooling;

/// <summary>
/// The steps that a thread has to take, whatever origins they are of. A step that leads to another on the same thread (a close is told to
/// the pool, a permit goes to another origin) puts it here and does not call it, so the stack does not grow with the number of steps.
/// </summary>
/// <remarks>
/// Each thread has its own: steps that different threads have decided on are taken side by side, and code that blocks one holds up no
/// other.
/// </remarks>
internal sealed class StepQueue
{
    [ThreadStatic]
    private static StepQueue? t_queue;

    private readonly Queue<Pending> _steps = new();
    private bool _isRunning;

    /// <summary>Takes the step, and all that follow from it; or leaves it to the loop that this thread is in.</summary>
    public static void Run(OriginExecutor origin, in OriginStep step)
    {
        StepQueue queue = t_queue ??= new StepQueue();
        queue._steps.Enqueue(new Pending(origin, step));
        if (!queue._isRunning)
        {
            queue.RunAll();
        }
    }

    /// <summary>
    /// The thread is about to run code of the user's: what that needs of the pool is done at once, by a queue of its own.
    /// </summary>
    public static StepQueue? Leave()
    {
        StepQueue? queue = t_queue;
        if (queue is { _isRunning: true })
        {
            t_queue = null;
            return queue;
        }

        return null;
    }

    /// <summary>The user's code has come back.</summary>
    /// <param name="queue">What <see cref="Leave"/> returned.</param>
    public static void Return(StepQueue? queue)
    {
        if (queue is not null)
        {
            t_queue = queue;
        }
    }

    private void RunAll()
    {
        ExceptionDispatchInfo? failure = null;
        _isRunning = true;
        while (_steps.TryDequeue(out Pending? next))
        {
            try
            {
                next.Origin.Act(next.Step);
            }
            catch (Exception e)
            {
                // A defect. The other steps are of other connections and requests, and must not be lost with this one.
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        _isRunning = false;
        failure?.Throw();
    }

    // An object, because the code of a queue of structs is compiled by each program at its first request.
    private sealed class Pending(OriginExecutor origin, in OriginStep step)
    {
        public readonly OriginStep Step = step;

        public OriginExecutor Origin { get; } = origin;
    }
}
