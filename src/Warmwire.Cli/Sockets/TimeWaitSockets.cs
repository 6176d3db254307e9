namespace Warmwire.Cli.Sockets;

/// <summary>Sockets that a run left in TIME_WAIT.</summary>
internal static class TimeWaitSockets
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_atMost = TimeSpan.FromMilliseconds(500);

    /// <summary>A closed socket gets there when the other side has closed too, so the last ones are waited for.</summary>
    public static async Task<int?> CountNewAsync(int remotePort, SocketStates before, TimeProvider time)
    {
        long start = time.GetTimestamp();
        SocketStates now = TcpTable.Read(remotePort);
        while (now.Closing > 0 && time.GetElapsedTime(start) < s_atMost)
        {
            await Task.Delay(s_interval, time);
            now = TcpTable.Read(remotePort);
        }

        // What was closing before belongs to whoever was there before.
        return Math.Max(0, now.TimeWait - before.TimeWait - before.Closing);
    }
}
