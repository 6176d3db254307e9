namespace Warmwire.Exchange;

/// <summary>The synchronous way in.</summary>
internal static class SynchronousSend
{
    /// <summary>
    /// Waits for the asynchronous exchange, which uses the program's own contents and streams synchronously. Nothing else inside it needs
    /// the caller's thread or context, and waiting on a task tells the thread pool to add a thread if all of them wait, so this cannot
    /// deadlock; docs/design/synchronous-send.md has the reasons.
    /// </summary>
    public static HttpResponseMessage Run(ExchangeEngine engine, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return engine.SendAsync(request, cancellationToken, isSynchronous: true).GetAwaiter().GetResult();
    }
}
