using Microsoft.AspNetCore.Connections;

namespace Warmwire.Bench.Server;

/// <summary>Connections accepted so far.</summary>
internal sealed class ConnectionCount
{
    private long _accepted;

    public long Accepted => Volatile.Read(ref _accepted);

    public ConnectionDelegate Count(ConnectionDelegate next) => connection =>
    {
        Interlocked.Increment(ref _accepted);
        return next(connection);
    };
}
