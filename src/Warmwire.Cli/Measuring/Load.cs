using System.Diagnostics;
using System.Net;

namespace Warmwire.Cli.Measuring;

/// <summary>A number of requests, so many at a time: each of the workers sends its next one when its last has been answered.</summary>
internal sealed class Load
{
    private readonly IRequestSender _sender;
    private readonly Uri _uri;
    private readonly int _requests;
    private readonly int _concurrency;
    private readonly TimeSpan _timeout;
    private readonly int _failuresToGiveUp;
    private readonly long[] _latencies;
    private int _started;
    private int _ended;
    private int _succeeded;
    private int _failuresInARow;
    private string? _lastFailure;
    private long _deadline = long.MaxValue;

    public Load(IRequestSender sender, Uri uri, int requests, int concurrency, TimeSpan timeout)
    {
        _sender = sender;
        _uri = uri;
        _requests = requests;
        _concurrency = Math.Min(concurrency, requests);
        _timeout = timeout;
        _failuresToGiveUp = Math.Max(2 * concurrency, 10);
        _latencies = new long[requests];
    }

    /// <summary>Requests that have ended.</summary>
    public int Ended => Volatile.Read(ref _ended);

    public int Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Whether the last request got no answer at all, nor did any that may have come after it.</summary>
    public bool EndedUnanswered => Volatile.Read(ref _failuresInARow) > 0;

    /// <summary>Whether it stopped because one request after the other got no answer.</summary>
    public bool GaveUp => Volatile.Read(ref _failuresInARow) >= _failuresToGiveUp;

    /// <summary>Why the last failed request failed.</summary>
    public string LastFailure => Volatile.Read(ref _lastFailure) ?? "unknown";

    public async Task RunAsync(TimeSpan? atMost = null)
    {
        if (atMost is { } limit)
        {
            _deadline = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        }

        await Task.WhenAll(Enumerable.Range(0, _concurrency).Select(_ => Task.Run(WorkAsync)));
    }

    /// <summary>Latencies of the requests that succeeded, ascending, in units of <see cref="Stopwatch.GetTimestamp"/>.</summary>
    public long[] SortedLatencies()
    {
        long[] sorted = _latencies.AsSpan(0, Succeeded).ToArray();
        Array.Sort(sorted);
        return sorted;
    }

    private async Task WorkAsync()
    {
        while (!GaveUp && Stopwatch.GetTimestamp() < _deadline && Interlocked.Increment(ref _started) <= _requests)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                HttpStatusCode status = await _sender.SendAsync(_uri);
                long latency = Stopwatch.GetTimestamp() - start;
                Volatile.Write(ref _failuresInARow, 0);
                if ((int)status is >= 200 and < 300)
                {
                    _latencies[Interlocked.Increment(ref _succeeded) - 1] = latency;
                }
                else
                {
                    Volatile.Write(ref _lastFailure, $"HTTP {(int)status} {status}");
                }
            }
            catch (Exception e)
            {
                Volatile.Write(ref _lastFailure, FailureText.Of(e, _timeout));
                Interlocked.Increment(ref _failuresInARow);
            }

            Interlocked.Increment(ref _ended);
        }
    }
}
