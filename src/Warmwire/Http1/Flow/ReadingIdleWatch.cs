using Warmwire.Runtime;

namespace Warmwire.Http1.Flow;

/// <summary>
/// The watch over an idle connection of which a read can tell: one read that waits. Leased before anything came, it is the first wait of
/// the next response, and not the watch's any more.
/// </summary>
internal abstract class ReadingIdleWatch : IdleWatch
{
    protected ReadingIdleWatch(Http1Connection connection)
        : base(connection)
    {
    }

    /// <summary>
    /// Whether a read of nothing that ended well had no reason to: then another one is begun. Asked with the connection's gate held while
    /// it is idle, and by the exchange that has it.
    /// </summary>
    protected virtual bool WokeForNothing => false;

    /// <summary>Waits for the end of a read that was begun in this idle period.</summary>
    protected void Follow(long idleId, Task<int> watch) =>
        _ = Detached.Run(this, (idleId, watch), static (self, idle) => self.FollowAsync(idle.idleId, idle.watch));

    protected override ValueTask<bool> FindsBytesAsync(Task<int>? watch) => Connection.Reader.WatchFoundBytesAsync(watch);

    private async Task FollowAsync(long idleId, Task<int> watch)
    {
        Found found;
        do
        {
            // A failure is a reset while idle, or our own close. While an exchange runs, its own read sees the same.
            await ((Task)watch).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            found = Ended(idleId, ref watch);
        }
        while (found == Found.Nothing);

        if (found == Found.End)
        {
            await CloseAsync(Connection.Reader.EndedWatch, error: null).ConfigureAwait(false);
        }
    }

    private Found Ended(long idleId, ref Task<int> watch)
    {
        lock (Connection.Gate)
        {
            // Story: the watch ends with the first bytes of a response, and the exchange is over and the connection idle again before this
            // flow gets to run. Those bytes are no sign of death for the idle period that has begun since.
            if (!Connection.IsIdle_NeedsLock(idleId) || !Connection.Reader.IsWatch(watch))
            {
                return Found.NotOurs;
            }

            if (watch.IsCompletedSuccessfully && WokeForNothing)
            {
                // Under the gate, so that nobody leases the connection and reads while this read begins; it waits for nothing here.
                watch = Connection.Reader.RestartWatch();
                return Found.Nothing;
            }

            // Not leased by anybody from here on.
            Connection.MoveTo_NeedsLock(Http1State.Leased);
            return Found.End;
        }
    }

    private enum Found
    {
        Nothing,
        End,
        NotOurs,
    }
}
