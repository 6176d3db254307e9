using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// GET, so many at a time, without and with one more answer that has no end (<c>endless=</c> is its path) and that nobody reads. A round is
/// a quarter of its time without, a half with, a quarter without, so that what changes slowly is in both.
/// </summary>
internal sealed class StallLoop : IShape
{
    private const int ErrorsToGiveUp = 100;

    // Time for the server to fill every window it has been given.
    private static readonly TimeSpan s_fill = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _invoker;
    private readonly Uri _uri;
    private readonly Uri _endless;
    private readonly int _tasks;
    private readonly bool _isHttp2;
    private readonly BodySink _sink = new();
    private readonly Histogram _alone = new();
    private readonly Histogram _stalled = new();
    private long _requests;
    private long _errors;
    private string? _lastError;

    public StallLoop(Words words)
    {
        _tasks = words.Number("connections", 1);
        _isHttp2 = Contestant.IsHttp2(words);
        _uri = words.Uri("url");
        _endless = new Uri(_uri, words.Text("endless"));
        _invoker = Contestant.CreateInvoker(words, Contestant.CreateHandler(words, _tasks + 1));
    }

    public async Task<Reply> RunAsync(Words order)
    {
        _alone.Clear();
        _stalled.Clear();
        _requests = _errors = 0;
        double quarter = order.Fraction("seconds", 1) / 4;

        ResourceUsage usage = ResourceUsage.Now();
        double wall = await LoadAsync(_alone, quarter);
        wall += await StallAsync(2 * quarter);
        wall += await LoadAsync(_alone, quarter);

        var reply = new Reply();
        ResourceUsage.Now().AddTo(reply, usage);
        return reply
            .Add("requests", _requests)
            .Add("errors", _errors)
            .Add("wallUs", wall)
            .Add("p50AloneUs", _alone.PercentileMicroseconds(50))
            .Add("p99AloneUs", _alone.PercentileMicroseconds(99))
            .Add("p50StalledUs", _stalled.PercentileMicroseconds(50))
            .Add("p99StalledUs", _stalled.PercentileMicroseconds(99))
            .Add("lastError", _lastError);
    }

    public void Dispose()
    {
        _invoker.Dispose();
        _sink.Dispose();
    }

    /// <summary>The load beside an answer that was begun and is not read.</summary>
    private async Task<double> StallAsync(double seconds)
    {
        byte[] buffer = new byte[16];
        try
        {
            // A stream that cannot begin, or is found dead in the end, would make the numbers those of a connection without it.
            using var limit = new CancellationTokenSource(s_patience);
            using HttpResponseMessage response = await _invoker.SendAsync(
                Contestant.CreateRequest(HttpMethod.Get, _endless, _isHttp2), limit.Token);
            await using Stream body = await response.Content.ReadAsStreamAsync(limit.Token);
            await body.ReadExactlyAsync(buffer, limit.Token);
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            await Task.Delay(s_fill, CancellationToken.None);

            double wall = await LoadAsync(_stalled, seconds);
            limit.CancelAfter(s_patience);
            await body.ReadExactlyAsync(buffer, limit.Token);
            return wall;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            Failed($"the stalled stream: {e.GetType().Name}: {e.Message}");
            return 0;
        }
    }

    /// <returns>How long it took, in microseconds.</returns>
    private async Task<double> LoadAsync(Histogram histogram, double seconds)
    {
        long start = Stopwatch.GetTimestamp();
        long deadline = start + (long)(seconds * Stopwatch.Frequency);
        await Task.WhenAll(Enumerable.Range(0, _tasks).Select(_ => Task.Run(() => WorkAsync(histogram, deadline))));
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }

    private async Task WorkAsync(Histogram histogram, long deadline)
    {
        long requests = 0;
        long start = Stopwatch.GetTimestamp();
        while (start < deadline)
        {
            try
            {
                using HttpResponseMessage response = await _invoker.SendAsync(
                    Contestant.CreateRequest(HttpMethod.Get, _uri, _isHttp2), CancellationToken.None);
                await response.Content.CopyToAsync(_sink);
                if (response.StatusCode != HttpStatusCode.OK && !Failed($"status {(int)response.StatusCode}"))
                {
                    break;
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                if (!Failed($"{e.GetType().Name}: {e.Message}"))
                {
                    break;
                }
            }

            requests++;
            long end = Stopwatch.GetTimestamp();
            histogram.Record(end - start);
            start = end;
        }

        Interlocked.Add(ref _requests, requests);
    }

    private bool Failed(string why)
    {
        Volatile.Write(ref _lastError, why);
        return Interlocked.Increment(ref _errors) < ErrorsToGiveUp;
    }
}
