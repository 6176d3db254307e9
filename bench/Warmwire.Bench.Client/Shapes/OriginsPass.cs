using System.Diagnostics;
using System.Globalization;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// Requests to <c>connections=</c> origins, one to each: addresses of 127.0.0.0/8, which are one server on Linux. With <c>keep=1</c>
/// connections stay open, and further passes use them again; else each request closes its own.
/// </summary>
internal sealed class OriginsPass : IShape
{
    private const int Few = 100;

    /// <summary>
    /// 50,000 connections opened before one counts: code that was compiled ahead is slower than what replaces it, and that took 35,000
    /// here, for either handler.
    /// </summary>
    private const int PassesOfFew = 500;
    private const int FurtherPasses = 5;
    private const int Tasks = 16;

    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(300);

    private readonly HttpMessageInvoker _invoker;
    private readonly Uri[] _few;
    private readonly Uri[] _many;
    private readonly bool _keeps;
    private readonly BodySink _sink = new();
    private int _errors;
    private string? _lastError;

    public OriginsPass(Words words)
    {
        int origins = words.Number("connections", 1);
        Uri server = words.Uri("url");
        _keeps = words.Number("keep", 0) != 0;
        _few = UrisOf(server, 0, Few);
        _many = UrisOf(server, 1, origins);
        _invoker = Contestant.CreateInvoker(words, Contestant.CreateHandler(words, _keeps ? origins + Few : 0));
    }

    public async Task<Reply> RunAsync(Words order)
    {
        for (int i = 0; i < PassesOfFew; i++)
        {
            await PassAsync(_few, keeps: false);
        }

        await PassAsync(_few, _keeps);

        long before = await MemoryAsync();
        ResourceUsage usage = ResourceUsage.Now();
        long start = Stopwatch.GetTimestamp();
        await PassAsync(_many, _keeps);
        var reply = new Reply();
        ResourceUsage.Now().AddTo(reply, usage);
        reply
            .Add("requests", _many.Length)
            .Add("wallUs", Stopwatch.GetElapsedTime(start).TotalMicroseconds)
            .Add("managedBytes", await MemoryAsync() - before);
        if (_keeps)
        {
            usage = ResourceUsage.Now();
            for (int i = 0; i < FurtherPasses; i++)
            {
                await PassAsync(_many, _keeps);
            }

            var end = ResourceUsage.Now();
            reply
                .Add("reused", FurtherPasses * _many.Length)
                .Add("reusedUs", end.UserMicroseconds + end.SystemMicroseconds - usage.UserMicroseconds - usage.SystemMicroseconds);
        }

        return reply.Add("errors", _errors).Add("lastError", _lastError);
    }

    public void Dispose() => _invoker.Dispose();

    private static Uri[] UrisOf(Uri server, int net, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new UriBuilder(server)
        {
            Host = string.Create(CultureInfo.InvariantCulture, $"127.{net + (i / 62_500)}.{1 + (i / 250 % 250)}.{1 + (i % 250)}"),
        }.Uri),
    ];

    private static async Task<long> MemoryAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            await Task.Delay(s_settle);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private Task PassAsync(Uri[] origins, bool keeps)
    {
        int next = -1;
        return Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var index && index < origins.Length)
            {
                await GetAsync(origins[index], keeps);
            }
        })));
    }

    private async Task GetAsync(Uri origin, bool keeps)
    {
        try
        {
            var request = new HttpRequestMessage(HttpMethod.Get, origin);
            if (!keeps)
            {
                request.Headers.ConnectionClose = true;
            }

            using HttpResponseMessage response = await _invoker.SendAsync(request, CancellationToken.None);
            await response.Content.CopyToAsync(_sink);
            response.EnsureSuccessStatusCode();
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            _lastError = e.Message;
            Interlocked.Increment(ref _errors);
        }
    }
}
