namespace Warmwire.Bench.Servers;

/// <summary>
/// A server whose places are <c>/plaintext</c>, <c>/post</c>, <c>/headers</c>, <c>/chunked</c>, <c>/1m</c> and <c>/1g</c>; Kestrel has
/// <c>/slow</c>, <c>/together</c> and <c>/endless</c> too.
/// </summary>
internal interface IBenchServer : IAsyncDisposable
{
    string Url(string path, bool https, bool http2);

    /// <summary>Connections accepted so far.</summary>
    Task<long> CountConnectionsAsync(CancellationToken cancellationToken);
}

/// <summary>Which server a scenario can use.</summary>
internal enum ServerNeed
{
    /// <summary>The cheapest there is.</summary>
    Cheap,

    /// <summary>Kestrel: it can wait before it answers, and it writes the answers of several streams at once.</summary>
    Kestrel,

    /// <summary>nginx: it writes the answer of each stream by itself.</summary>
    Nginx,
}
