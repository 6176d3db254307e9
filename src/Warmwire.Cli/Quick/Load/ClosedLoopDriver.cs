namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Keeps a number of users busy: each begins anew when it is done and has thought, until time or the count of iterations is over.
/// </summary>
internal sealed class ClosedLoopDriver
{
    private readonly int _users;
    private readonly TimeSpan _think;
    private readonly long _until;
    private readonly Func<bool> _takeIteration;
    private readonly Func<bool> _hasMore;
    private readonly TimeProvider _time;

    /// <param name="users">How many.</param>
    /// <param name="think">How long each waits after an iteration.</param>
    /// <param name="until">The time (of <see cref="LoadClock.Now"/>) from which none begins anew.</param>
    /// <param name="takeIteration">Takes one of the iterations that are left; false if there is none.</param>
    /// <param name="hasMore">Whether there are iterations left.</param>
    /// <param name="time">The clock for thinking.</param>
    public ClosedLoopDriver(
        int users, TimeSpan think, long until, Func<bool> takeIteration, Func<bool> hasMore, TimeProvider time) =>
        (_users, _think, _until, _takeIteration, _hasMore, _time) = (users, think, until, takeIteration, hasMore, time);

    /// <summary>Ends when all users have ended.</summary>
    /// <param name="iterate">An iteration of a user, which ends with its last response.</param>
    /// <param name="create">Makes a user.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public Task RunAsync(Func<VirtualUser, Task> iterate, Func<VirtualUser> create, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, _users)
            .Select(_ => Task.Run(() => UserAsync(create(), iterate, cancellationToken), CancellationToken.None)));

    private async Task UserAsync(VirtualUser user, Func<VirtualUser, Task> iterate, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested && LoadClock.Now < _until && _takeIteration())
            {
                await iterate(user).ConfigureAwait(false);
                if (_until - LoadClock.Now <= 100 * _think.Ticks)
                {
                    // The time is over when it has thought: nothing follows.
                    return;
                }

                if (_think > TimeSpan.Zero && _hasMore())
                {
                    await Task.Delay(_think, _time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run was ended while the user was thinking.
        }
    }
}
