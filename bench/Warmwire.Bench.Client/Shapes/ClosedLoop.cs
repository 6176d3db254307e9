using System.Diagnostics;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>So many tasks, each of which sends its next request when its last has been answered, until the time is over.</summary>
internal abstract class ClosedLoop : IShape
{
    private const int ErrorsToGiveUp = 100;

    private readonly Histogram _histogram = new();
    private readonly int _tasks;
    private readonly bool _isHttp2;
    private long _requests;
    private long _errors;
    private long _cancelled;
    private string? _lastError;

    protected ClosedLoop(Words words)
    {
        _tasks = words.Number("connections", 1);
        _isHttp2 = Contestant.IsHttp2(words);
        Uri = words.Uri("url");
        Invoker = Contestant.CreateInvoker(words, Contestant.CreateHandler(words, words.Number("limit", _tasks)));
    }

    protected Uri Uri { get; }

    protected HttpMessageInvoker Invoker { get; }

    protected BodySink Sink { get; } = new();

    /// <summary>When tasks send no further request; a timestamp.</summary>
    protected long Deadline { get; private set; }

    public async Task<Reply> RunAsync(Words order)
    {
        _histogram.Clear();
        _requests = _errors = _cancelled = 0;
        long bytes = Sink.Bytes;
        var tasks = new Task[_tasks];

        ResourceUsage usage = ResourceUsage.Now();
        long start = Stopwatch.GetTimestamp();
        Deadline = start + (long)(order.Fraction("seconds", 1) * Stopwatch.Frequency);
        for (int i = 0; i < tasks.Length; i++)
        {
            tasks[i] = Task.Run(WorkAsync);
        }

        await Task.WhenAll(tasks);
        double wall = Stopwatch.GetElapsedTime(start).TotalMicroseconds;

        var reply = new Reply();
        ResourceUsage.Now().AddTo(reply, usage);
        AddTo(reply);
        return reply
            .Add("requests", _requests)
            .Add("errors", _errors)
            .Add("cancelled", _cancelled)
            .Add("wallUs", wall)
            .Add("bytes", Sink.Bytes - bytes)
            .Add("p50Us", _histogram.PercentileMicroseconds(50))
            .Add("p99Us", _histogram.PercentileMicroseconds(99))
            .Add("p999Us", _histogram.PercentileMicroseconds(99.9))
            .Add("lastError", _lastError);
    }

    public void Dispose() => Invoker.Dispose();

    /// <summary>Adds what only this shape tells.</summary>
    protected virtual void AddTo(Reply reply)
    {
    }

    /// <summary>One task's requests, until <see cref="Deadline"/>.</summary>
    protected abstract Task WorkAsync();

    protected HttpRequestMessage CreateRequest(HttpMethod method) => Contestant.CreateRequest(method, Uri, _isHttp2);

    /// <summary>A request was answered after so long.</summary>
    protected void Record(long timestamps) => _histogram.Record(timestamps);

    /// <summary>Adds up what one task has done.</summary>
    protected void Finish(long requests, long cancelled = 0)
    {
        Interlocked.Add(ref _requests, requests);
        Interlocked.Add(ref _cancelled, cancelled);
    }

    /// <returns>Whether to go on: a server that is gone is not asked for ever.</returns>
    protected bool Failed(string why)
    {
        Volatile.Write(ref _lastError, why);
        return Interlocked.Increment(ref _errors) < ErrorsToGiveUp;
    }

    protected static string TextOf(Exception e) =>
        $"{e.GetType().Name}: {e.Message}{(e.InnerException is { } inner ? $" <- {inner.GetType().Name}: {inner.Message}" : "")}";
}
