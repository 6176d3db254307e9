namespace Warmwire.Bench.Servers;

/// <summary>A server whose places are <c>/plaintext</c>, <c>/post</c>, <c>/headers</c>, <c>/chunked</c>, <c>/1m</c> and <c>/1g</c>; Kestrel has <c>/slow</c> and <c>/together</c> too.</summary>
internal interface IBenchServer : IAsyncDisposable
{
    string Url(string path, bool https);

    /// <summary>Connections accepted so far.</summary>
    Task<long> CountConnectionsAsync(CancellationToken cancellationToken);
}

/// <summary>Which server a scenario can use.</summary>
internal enum ServerNeed
{
    /// <summary>The cheapest there is.</summary>
    Cheap,

    /// <summary>One that waits before it answers.</summary>
    Waiting,
}
