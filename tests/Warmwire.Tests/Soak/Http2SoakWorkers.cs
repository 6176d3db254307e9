using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Warmwire.Tests.Soak;

/// <summary>Callers of every habit, all on the few connections that HTTP/2 needs.</summary>
internal sealed class Http2SoakWorkers
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client;
    private readonly Uri[] _servers;
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly ConcurrentDictionary<string, string> _underWay = new();
    private readonly ConcurrentDictionary<string, bool> _answeredPosts = new();
    private readonly ConcurrentDictionary<string, int> _failures = new();
    private long _sent;
    private long _whole;
    private long _failed;
    private long _cancelled;
    private long _leaked;
    private long _blocked;

    public Http2SoakWorkers(HttpClient client, params Uri[] servers)
    {
        _client = client;
        _servers = servers;
    }

    public IReadOnlyCollection<string> Wrong => _wrong;

    public long Sent => Volatile.Read(ref _sent);

    public long Whole => Volatile.Read(ref _whole);

    public long Failed => Volatile.Read(ref _failed);

    public long Cancelled => Volatile.Read(ref _cancelled);

    public long Leaked => Volatile.Read(ref _leaked);

    public long Blocked => Volatile.Read(ref _blocked);

    /// <summary>How often requests failed in which way.</summary>
    public string Failures =>
        string.Join('\n', _failures.OrderByDescending(static pair => pair.Value).Select(static pair => $"{pair.Value,8:N0} {pair.Key}"));

    /// <summary>Lets them work for a time and end.</summary>
    public async Task RunAsync(int workers, TimeSpan time)
    {
        using var stop = new CancellationTokenSource(time);
        Task all = Task.WhenAll(
            Enumerable.Range(0, workers)
            .Select(worker => Task.Run(() => WorkAsync(new Random((worker * 7_919) + ((int)Sent * 104_729)), stop.Token))));
        try
        {
            await all.WaitAsync(time + s_patience);
        }
        catch (TimeoutException e)
        {
            IEnumerable<string> some = _underWay.Take(20).Select(static pair => $"{pair.Key}: {pair.Value}");
            throw new TimeoutException($"Lost: {_underWay.Count} requests never end.\n{string.Join('\n', some)}", e);
        }
    }

    /// <summary>The POSTs of which an answer came, by their ids. Forgets them.</summary>
    public IReadOnlyCollection<string> TakeAnsweredPosts()
    {
        string[] posts = [.. _answeredPosts.Keys];
        _answeredPosts.Clear();
        return posts;
    }

    private async Task WorkAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            string id = $"r{Interlocked.Increment(ref _sent)}";
            using var cancel = new CancellationTokenSource();
            try
            {
                Plan plan = Plan.Make(id, random);
                using HttpRequestMessage request = plan.ToRequest(_servers[random.Next(_servers.Length)], random);
                _underWay[id] = request.ToString();

                // Most requests of a program have no options, and go the short way.
                if (plan.MayHang || random.Next(2) == 0)
                {
                    request.Options.Set(
                        TransportOptions.Timeout, plan.MayHang ? TimeSpan.FromMilliseconds(random.Next(5, 400)) : TimeSpan.FromSeconds(20));
                    if (random.Next(10) == 0)
                    {
                        // Some of these run out and most do not.
                        request.Options.Set(random.Next(3) switch
                        {
                            0 => TransportOptions.Timeout,
                            1 => TransportOptions.ResponseHeadersTimeout,
                            _ => TransportOptions.ResponseBodyIdleTimeout,
                        }, TimeSpan.FromMilliseconds(random.Next(1, 60)));
                    }
                }

                if (random.Next(8) == 0)
                {
                    cancel.CancelAfter(random.Next(0, 30));
                }

                await ExchangeAsync(request, plan, random, cancel.Token);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                Interlocked.Increment(ref _cancelled);
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException)
            {
                Interlocked.Increment(ref _failed);
                Note(e);
            }
            catch (Exception e)
            {
                _wrong.Enqueue($"{id}: {e}");
            }
            finally
            {
                _underWay.TryRemove(id, out _);
            }
        }
    }

    /// <summary>
    /// Failures are what the server did or a time that ran out. Kestrel breaks no rules, so nobody may say so. It may find that too much
    /// is cancelled (ENHANCE_YOUR_CALM): what it did for those requests ends later than they do.
    /// </summary>
    private void Note(Exception e)
    {
        var failure = (e as TransportException) ?? e.InnerException as TransportException;
        string timeout = failure?.IsTimeout == true ? "timeout" : "";
        string kind = $"{e.GetType().Name} {failure?.HttpRequestError} {failure?.Http2ErrorCode} {timeout} {failure?.Phase} "
            + failure?.InnerException?.GetType().Name;
        _failures.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        if (failure is null || failure.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded
            || failure.Http2ErrorCode is Http2ErrorCode.ProtocolError or Http2ErrorCode.FlowControlError or Http2ErrorCode.CompressionError
                or Http2ErrorCode.FrameSizeError or Http2ErrorCode.StreamClosed)
        {
            _wrong.Enqueue($"nobody broke a rule: {e}");
        }
    }

    private async Task ExchangeAsync(HttpRequestMessage request, Plan plan, Random random, CancellationToken cancellationToken)
    {
        int habit = random.Next(12);
        if (habit == 0 && random.Next(40) == 0)
        {
            await LeakAsync(plan.Id, random);
            return;
        }

        bool buffered = habit < 5;
        using HttpResponseMessage response =
            await _client.SendAsync(
            request, buffered ? HttpCompletionOption.ResponseContentRead : HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        _underWay[plan.Id] += $" with its head, habit {habit}";
        if (response.StatusCode != HttpStatusCode.OK || response.Version != HttpVersion.Version20 || response.Headers.GetValues("X-Id")
            .Single() != plan.Id)
        {
            _wrong.Enqueue($"{plan.Id}: got {response}");
            return;
        }

        if (plan.IsPost)
        {
            _answeredPosts[plan.Id] = true;
        }

        if (random.Next(200) == 0)
        {
            Block(random);
        }

        if (buffered || habit < 8)
        {
            Check(plan, await response.Content.ReadAsByteArrayAsync(cancellationToken), response);
        }
        else if (habit == 8)
        {
            await ReadSlowlyAsync(plan, response, random, cancellationToken);
        }
        else if (habit < 11)
        {
            byte[] part = new byte[random.Next(1, 20_000)];
            int read = await (await response.Content.ReadAsStreamAsync(cancellationToken)).ReadAsync(part, cancellationToken);
            if (!SoakBody.IsOf(plan.Id, part.AsSpan(0, read)))
            {
                _wrong.Enqueue($"{plan.Id}: a part of another's body");
            }
        }
    }

    /// <summary>A reader that stalls holds up nobody but itself.</summary>
    private async Task ReadSlowlyAsync(Plan plan, HttpResponseMessage response, Random random, CancellationToken cancellationToken)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var whole = new MemoryStream();
        byte[] part = new byte[random.Next(1, 60_000)];
        int stalls = random.Next(10);
        while (await stream.ReadAsync(part, cancellationToken) is > 0 and var read)
        {
            whole.Write(part, 0, read);
            if (random.Next(4) == 0 && stalls-- > 0)
            {
                await Task.Delay(random.Next(1, 100), cancellationToken);
            }
        }

        Check(plan, whole.ToArray(), response);
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

        var plan = new Plan($"b{Interlocked.Increment(ref _sent)}", "sized", 20, IsPost: false);
        using HttpRequestMessage request = plan.ToRequest(_servers[random.Next(_servers.Length)], random);
        using HttpResponseMessage response = _client.Send(request);
        Check(plan, response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult(), response);
    }

    private void Check(Plan plan, byte[] body, HttpResponseMessage response)
    {
        int length = response.RequestMessage!.Method == HttpMethod.Head ? 0 : plan.Size;
        if (!SoakBody.IsOf(plan.Id, body) || body.Length != length)
        {
            string begin = Encoding.ASCII.GetString(body.AsSpan(0, Math.Min(body.Length, 40)));
            _wrong.Enqueue($"{plan}: another's body, or not all of it: {body.Length} bytes, {begin}");
        }

        if (response.TrailingHeaders.TryGetValues("X-Trailer", out IEnumerable<string>? trailers) ? trailers.Single() != plan.Id
            : plan.HasTrailer && length > 0)
        {
            _wrong.Enqueue($"{plan}: another's trailers, or none");
        }

        Interlocked.Increment(ref _whole);
    }

    /// <summary>A response nobody disposes, with a body too large to come with the head.</summary>
    private async Task LeakAsync(string id, Random random)
    {
        using HttpRequestMessage request = new Plan(id, "sized", 100_000, IsPost: false)
            .ToRequest(_servers[random.Next(_servers.Length)], random);
        request.Method = HttpMethod.Get;
        await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
        Interlocked.Increment(ref _leaked);
    }

    private sealed record Plan(string Id, string Kind, int Size, bool IsPost)
    {
        public bool MayHang => Kind == "hang";

        public bool HasTrailer => Kind is "chunked" or "slow";

        public static Plan Make(string id, Random random)
        {
            string kind =
                random.Next(40) switch { 0 => "hang", 1 or 2 => "slow", < 7 => "early", < 12 => "echo", < 24 => "chunked", _ => "sized" };
            int size = random.Next(
                20) switch { 0 => 0, 1 => random.Next(100_000, 1_000_000), 2 or 3 => random.Next(1, 100_000), _ => random.Next(1, 500) };
            return new Plan(id, kind, kind == "slow" ? size % 60_000 : size, kind is "echo" or "early" || random.Next(3) == 0);
        }

        public HttpRequestMessage ToRequest(Uri server, Random random)
        {
            HttpMethod method = IsPost ? HttpMethod.Post : Kind == "sized" && random.Next(6) == 0 ? HttpMethod.Head : HttpMethod.Get;
            var request =
                new HttpRequestMessage(method, new Uri(server, string.Create(CultureInfo.InvariantCulture, $"{Id}/{Kind}/{Size}")))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            if (IsPost)
            {
                byte[] body = Encoding.ASCII.GetBytes(SoakBody.Of(Id, Size));
                request.Content = random.Next(3) switch
                {
                    0 => new ByteArrayContent(body),
                    1 => new StreamContent(new MemoryStream(body), 1 + random.Next(40_000)),
                    _ => new PiecewiseContent(body, random.Next()),
                };
                request.Headers.ExpectContinue = random.Next(8) == 0 ? true : null;
            }

            return request;
        }
    }

    /// <summary>A body of unknown length, in pieces that take their time.</summary>
    private sealed class PiecewiseContent(byte[] body, int seed) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var random = new Random(seed);
            for (int i = 0; i < body.Length;)
            {
                int count = Math.Min(body.Length - i, random.Next(1, 60_000));
                await stream.WriteAsync(body.AsMemory(i, count));
                i += count;
                if (random.Next(3) == 0)
                {
                    await Task.Delay(random.Next(0, 5));
                }
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
