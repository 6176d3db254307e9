using System.Diagnostics;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// A new handler without a connection gets <c>requests=</c> requests at once. A round is as many bursts as its time allows, three at least.
/// </summary>
internal sealed class Burst : IShape
{
    private const int LeastBursts = 3;

    // Connections of the last burst are closed while nothing is measured.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly Words _words;
    private readonly Uri _uri;
    private readonly int _requests;
    private readonly BodySink _sink = new();
    private readonly Histogram _histogram = new();
    private long _first;
    private long _errors;
    private string? _lastError;

    public Burst(Words words)
    {
        _words = words;
        _uri = words.Uri("url");
        _requests = words.Number("requests", 200);
    }

    public async Task<Reply> RunAsync(Words order)
    {
        _errors = 0;
        _histogram.Clear();
        List<double> firsts = [];
        List<double> lasts = [];
        double user = 0;
        double system = 0;
        double allocated = 0;
        long end = Stopwatch.GetTimestamp() + (long)(order.Fraction("seconds", 1) * Stopwatch.Frequency);
        while (firsts.Count < LeastBursts || Stopwatch.GetTimestamp() < end)
        {
            ResourceUsage before = ResourceUsage.Now();
            (double first, double last) = await OneAsync();
            ResourceUsage after = ResourceUsage.Now();
            firsts.Add(first);
            lasts.Add(last);
            user += after.UserMicroseconds - before.UserMicroseconds;
            system += after.SystemMicroseconds - before.SystemMicroseconds;
            allocated += after.AllocatedBytes - before.AllocatedBytes;
            await Task.Delay(s_pause);
        }

        firsts.Sort();
        lasts.Sort();
        return new Reply()
            .Add("bursts", firsts.Count)
            .Add("requests", (double)firsts.Count * _requests)
            .Add("errors", _errors)
            .Add("firstUs", firsts[firsts.Count / 2])
            .Add("lastUs", lasts[lasts.Count / 2])
            .Add("userUs", user)
            .Add("systemUs", system)
            .Add("allocated", allocated)
            .Add("p50Us", _histogram.PercentileMicroseconds(50))
            .Add("p99Us", _histogram.PercentileMicroseconds(99))
            .Add("lastError", _lastError);
    }

    public void Dispose() => _sink.Dispose();

    private async Task<(double First, double Last)> OneAsync()
    {
        _first = long.MaxValue;
        var tasks = new Task[_requests];
        long start = Stopwatch.GetTimestamp();
        using HttpMessageInvoker invoker = Contestant.CreateInvoker(_words, Contestant.CreateHandler(_words, connections: 0));
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = GetAsync(invoker, start);
        }

        await Task.WhenAll(tasks);
        double last = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        return (TimeSpan.FromTicks(Volatile.Read(ref _first) * TimeSpan.TicksPerSecond / Stopwatch.Frequency).TotalMicroseconds, last);
    }

    private async Task GetAsync(HttpMessageInvoker invoker, long start)
    {
        try
        {
            using HttpResponseMessage response = await invoker.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, _uri), CancellationToken.None);
            await response.Content.CopyToAsync(_sink);
        }
        catch (HttpRequestException e)
        {
            Interlocked.Increment(ref _errors);
            Volatile.Write(ref _lastError, e.Message);
            return;
        }

        long elapsed = Stopwatch.GetTimestamp() - start;
        _histogram.Record(elapsed);
        long first = Volatile.Read(ref _first);
        while (elapsed < first)
        {
            long seen = Interlocked.CompareExchange(ref _first, elapsed, first);
            if (seen == first)
            {
                break;
            }

            first = seen;
        }
    }
}
