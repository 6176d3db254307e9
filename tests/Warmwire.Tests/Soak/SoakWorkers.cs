using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Warmwire.Tests.Soak;

/// <summary>Callers of every habit: patient, hasty, careless.</summary>
internal sealed class SoakWorkers
{
    private readonly HttpClient _client;
    private readonly Uri[] _kestrels;
    private readonly Uri[] _chaos;
    private readonly ConcurrentQueue<string> _wrong = new();
    private long _sent;
    private long _whole;
    private long _failed;
    private long _cancelled;
    private long _leaked;
    private long _blocked;

    public SoakWorkers(HttpClient client, Uri[] kestrels, Uri[] chaos)
    {
        _client = client;
        _kestrels = kestrels;
        _chaos = chaos;
    }

    public IReadOnlyCollection<string> Wrong => _wrong;

    public long Sent => Volatile.Read(ref _sent);

    public long Whole => Volatile.Read(ref _whole);

    public long Failed => Volatile.Read(ref _failed);

    public long Cancelled => Volatile.Read(ref _cancelled);

    public long Leaked => Volatile.Read(ref _leaked);

    /// <summary>Continuations that held their thread.</summary>
    public long Blocked => Volatile.Read(ref _blocked);

    /// <summary>Lets them work for a time and end.</summary>
    public async Task RunAsync(int workers, TimeSpan time)
    {
        using var stop = new CancellationTokenSource(time);
        await Task.WhenAll(
            Enumerable.Range(0, workers)
            .Select(worker => Task.Run(() => WorkAsync(new Random((worker * 7_919) + ((int)Sent * 104_729)), stop.Token))));
    }

    private async Task WorkAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            string id = $"r{Interlocked.Increment(ref _sent)}";
            using var cancel = new CancellationTokenSource();
            try
            {
                bool chaos = random.Next(3) == 0;
                using HttpRequestMessage request = chaos
                    ? new HttpRequestMessage(HttpMethod.Get, new Uri(_chaos[random.Next(_chaos.Length)], id))
                    : RequestToKestrel(id, random);

                // Most requests of a program have no options, and go the short way. A server that stalls needs a limit.
                bool ordinary = !chaos && random.Next(2) == 0;
                if (!ordinary)
                {
                    request.Options.Set(TransportOptions.Timeout, TimeSpan.FromSeconds(10));
                }

                if (!ordinary && random.Next(10) == 0)
                {
                    // Some of these run out and most do not.
                    request.Options.Set(random.Next(3) switch
                    {
                        0 => TransportOptions.Timeout,
                        1 => TransportOptions.ResponseHeadersTimeout,
                        _ => TransportOptions.ResponseBodyIdleTimeout,
                    }, TimeSpan.FromMilliseconds(random.Next(1, 30)));
                }

                if (random.Next(8) == 0)
                {
                    cancel.CancelAfter(random.Next(0, 12));
                }

                await ExchangeAsync(request, id, random, cancel.Token);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                Interlocked.Increment(ref _cancelled);
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException)
            {
                Interlocked.Increment(ref _failed);
            }
            catch (Exception e)
            {
                _wrong.Enqueue($"{id}: {e}");
            }
        }
    }

    private HttpRequestMessage RequestToKestrel(string id, Random random)
    {
        string kind = random.Next(3) == 0 ? "chunked" : "sized";
        int size = random.Next(5) switch { 0 => 0, 1 => random.Next(1, 200_000), _ => random.Next(1, 500) };
        var uri = new Uri(_kestrels[random.Next(_kestrels.Length)], $"{id}/{kind}/{size}");
        switch (random.Next(6))
        {
            case 0:
                return new HttpRequestMessage(HttpMethod.Head, uri);
            case 1 or 2:
                byte[] body = Encoding.ASCII.GetBytes(SoakBody.Of(id, size));
                var request = new HttpRequestMessage(HttpMethod.Post, uri)
                {
                    Content = random.Next(2) == 0 ? new ByteArrayContent(body)
                        : new StreamContent(new MemoryStream(body), 1 + random.Next(20_000)),
                };
                request.Headers.TransferEncodingChunked = random.Next(2) == 0 ? true : null;
                request.Headers.ExpectContinue = random.Next(4) == 0 ? true : null;
                return request;
            default:
                return new HttpRequestMessage(HttpMethod.Get, uri);
        }
    }

    private async Task ExchangeAsync(HttpRequestMessage request, string id, Random random, CancellationToken cancellationToken)
    {
        int habit = random.Next(12);
        if (habit == 0 && random.Next(40) == 0)
        {
            await LeakAsync(id, random);
            return;
        }

        bool buffered = habit < 6;
        using HttpResponseMessage response =
            await _client.SendAsync(
            request, buffered ? HttpCompletionOption.ResponseContentRead : HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK || response.Headers.GetValues("X-Id").Single() != id)
        {
            _wrong.Enqueue($"{id}: got {response}");
            return;
        }

        if (random.Next(200) == 0)
        {
            Block(random);
        }

        if (buffered || habit < 9)
        {
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            Check(id, body, response.Content.Headers, request.Method == HttpMethod.Head);
        }
        else if (habit < 11)
        {
            byte[] part = new byte[random.Next(1, 2000)];
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            int read = await stream.ReadAsync(part, cancellationToken);
            if (!SoakBody.IsOf(id, part.AsSpan(0, read)))
            {
                _wrong.Enqueue($"{id}: a part of another's body");
            }
        }
    }

    /// <summary>Holds the thread that brought the response: with nothing, or with another request that is waited for on the spot.</summary>
    private void Block(Random random)
    {
        Interlocked.Increment(ref _blocked);
        if (random.Next(2) == 0)
        {
            Thread.Sleep(20);
            return;
        }

        string id = $"b{Interlocked.Increment(ref _sent)}";
        using HttpResponseMessage response = _client.GetAsync(new Uri(_kestrels[random.Next(_kestrels.Length)], $"{id}/sized/20"))
            .GetAwaiter().GetResult();
        Check(id, response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult(), response.Content.Headers, head: false);
    }

    private void Check(string id, byte[] body, HttpContentHeaders headers, bool head)
    {
        if (!SoakBody.IsOf(id, body) || (!head && headers.ContentLength is { } length && length != body.Length))
        {
            _wrong.Enqueue($"{id}: another's body");
        }

        Interlocked.Increment(ref _whole);
    }

    /// <summary>A response nobody disposes, with a body too large to come with the head.</summary>
    private async Task LeakAsync(string id, Random random)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_kestrels[random.Next(_kestrels.Length)], $"{id}/sized/100000"));
        await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        Interlocked.Increment(ref _leaked);
    }
}
