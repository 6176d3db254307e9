namespace Warmwire.Cli.Sockets;

/// <summary>Counts the sockets that requests have left in TIME_WAIT on this machine.</summary>
internal static class TimeWaitSockets
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_usualLimit = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Counts them after waiting for those that are still closing: a socket enters TIME_WAIT when the other side has closed too.
    /// </summary>
    /// <param name="remotePort">Where the requests went.</param>
    /// <param name="before">The sockets before the requests.</param>
    /// <param name="time">The clock.</param>
    /// <param name="roundTrip">How far the other side is, besides what is usual.</param>
    public static async Task<int> CountNewAsync(int remotePort, SocketStates before, TimeProvider time, TimeSpan roundTrip = default)
    {
        TimeSpan limit = s_usualLimit + (2 * roundTrip);
        long start = time.GetTimestamp();
        SocketStates now = TcpTable.Read(remotePort);
        while (now.Closing > 0 && time.GetElapsedTime(start) < limit)
        {
            await Task.Delay(s_interval, time);
            now = TcpTable.Read(remotePort);
        }

        // Sockets that were closing before belong to earlier requests, even if they entered TIME_WAIT only now.
        return Math.Max(0, now.TimeWait - before.TimeWait - before.Closing);
    }
}
