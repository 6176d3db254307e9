namespace Warmwire.Bench.Server;

/// <summary>Holds requests until a number of them has come; all of one group ask for the same number.</summary>
internal sealed class Gathering
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _complete = NewGroup();
    private int _arrived;

    public Task WaitForAsync(int number)
    {
        TaskCompletionSource complete;
        bool last;
        lock (_gate)
        {
            complete = _complete;
            last = ++_arrived >= number;
            if (last)
            {
                _arrived = 0;
                _complete = NewGroup();
            }
        }

        if (last)
        {
            complete.SetResult();
        }

        return complete.Task;
    }

    private static TaskCompletionSource NewGroup() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
