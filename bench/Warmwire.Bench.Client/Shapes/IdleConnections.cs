using System.Globalization;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// The memory of <c>connections=</c> idle connections: the difference between a handler that has a few and one that has so many more. The
/// server answers none of a group of requests until all of them have come, so that each has a connection of its own.
/// </summary>
internal sealed class IdleConnections : IShape
{
    private const int Few = 100;

    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(300);

    private readonly HttpMessageInvoker _invoker;
    private readonly string _url;
    private readonly int _connections;
    private readonly BodySink _sink = new();

    public IdleConnections(Words words)
    {
        _connections = words.Number("connections", 2000);
        _url = words.Text("url");
        _invoker = Contestant.CreateInvoker(words, Contestant.CreateHandler(words, Few + _connections));
    }

    public async Task<Reply> RunAsync(Words order)
    {
        await OpenAsync(Few);
        (long managed, long resident) few = await MeasureAsync();
        await OpenAsync(Few + _connections);
        (long managed, long resident) many = await MeasureAsync();
        return new Reply()
            .Add("requests", (2 * Few) + _connections)
            .Add("errors", 0)
            .Add("idleConnections", _connections)
            .Add("managedBytes", many.managed - few.managed)
            .Add("residentBytes", many.resident - few.resident);
    }

    public void Dispose() => _invoker.Dispose();

    private async Task OpenAsync(int connections)
    {
        var uri = new Uri($"{_url}/{connections.ToString(CultureInfo.InvariantCulture)}");
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => GetAsync(uri)));
    }

    private async Task GetAsync(Uri uri)
    {
        using HttpResponseMessage response = await _invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), CancellationToken.None);
        await response.Content.CopyToAsync(_sink);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<(long Managed, long Resident)> MeasureAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            await Task.Delay(s_settle);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
    }
}
