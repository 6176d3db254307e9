using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Warmwire.Tests.Servers.Http2;

namespace Warmwire.Tests.Soak;

/// <summary>What programs do with a server over HTTP/2, all of it at once.</summary>
internal sealed class InteropLoad
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client;
    private readonly InteropServer _server;
    private readonly (int Weight, string Name, Func<Random, Task> Act)[] _habits;
    private readonly ConcurrentQueue<string> _wrong = new();
    private readonly ConcurrentDictionary<string, int> _answered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, string> _underWay = new();
    private int _leftOut;
    private int _refused;
    private int _broken;
    private string? _lastRefusal;

    public InteropLoad(HttpClient client, InteropServer server)
    {
        _client = client;
        _server = server;
        _habits =
        [
            (40, "GET small", GetSmallAsync),
            (8, "HEAD", HeadAsync),
            (3, "GET large", GetLargeAsync),
            (8, "cancelled GET", CancelAsync),
            (15, "POST small", random => UploadAsync(new ByteArrayContent(Part(random, 2_000)))),
            (4, "POST large", _ => UploadAsync(new ByteArrayContent(ChildServer.Large, 0, 1_000_000))),
            (6, "POST chunked", random => UploadAsync(new PiecesContent(Part(random, 300_000)))),
            .. server.EchoesOnly ? Array.Empty<(int, string, Func<Random, Task>)>() : [(16, "early answer", EarlyAsync)],
        ];
        foreach ((_, string name, _) in _habits)
        {
            _answered[name] = 0;
        }
    }

    public IReadOnlyCollection<string> Wrong => _wrong;

    /// <summary>How many of which kind were answered, and rightly.</summary>
    public IReadOnlyDictionary<string, int> Answered => _answered;

    /// <summary>How many the server found too much.</summary>
    public int Refused => _refused;

    /// <summary>How many ended with a connection of which the server says that something in itself failed.</summary>
    public int Broken => _broken;

    public override string ToString() => string.Join(
        ", ",
        _answered.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key} {pair.Value:N0}")
            .Append($"refused {_refused:N0}{(_lastRefusal is null ? "" : $" ({_lastRefusal})")}")
            .Append($"left out by a GOAWAY and not to be sent again {_leftOut:N0}")
            .Append($"ended by a failure inside the server {_broken:N0}"));

    public async Task RunAsync(int workers, TimeSpan time)
    {
        using var stop = new CancellationTokenSource(time);
        Task all = Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker, stop.Token))));
        try
        {
            await all.WaitAsync(time + s_patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"Lost: {string.Join(", ", _underWay.Values)}", e);
        }
    }

    private async Task WorkAsync(int worker, CancellationToken stop)
    {
        var random = new Random(worker);
        int weights = _habits.Sum(static habit => habit.Weight);
        while (!stop.IsCancellationRequested)
        {
            int chance = random.Next(weights);
            (_, string name, Func<Random, Task> act) = _habits.First(habit => (chance -= habit.Weight) < 0);
            _underWay[worker] = name;
            try
            {
                await act(random);
                _answered.AddOrUpdate(name, 1, static (_, count) => count + 1);
            }
            catch (TransportException e) when (e.NotProcessed && name is ("POST chunked" or "early answer"))
            {
                // The content can be taken once, so it is for the program to send it again.
                Interlocked.Increment(ref _leftOut);
            }
            catch (Exception e) when (CodeOf(e) == Http2ErrorCode.EnhanceYourCalm)
            {
                // The server has too much to do: what it does for requests that were given up ends later than they do.
                Interlocked.Increment(ref _refused);
                _lastRefusal = e.Message;
            }
            catch (Exception e) when (CodeOf(e) > Http2ErrorCode.Http11Required)
            {
                // No code of HTTP/2: apache2 says "The user callback function failed" of itself, to .NET's handler as well.
                Interlocked.Increment(ref _broken);
            }
            catch (Exception e)
            {
                _wrong.Enqueue($"{name}: {e}");
                if (_wrong.Count > 10_000)
                {
                    return;
                }
            }

            _underWay.TryRemove(worker, out string? _);
        }
    }

    private async Task GetSmallAsync(Random random)
    {
        using HttpResponseMessage response = await _client.GetAsync("small");
        Require(response, HttpStatusCode.OK);
        Require(await response.Content.ReadAsByteArrayAsync(), "small"u8);
    }

    private async Task HeadAsync(Random random)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "large")
        {
            Version = _client.DefaultRequestVersion,
            VersionPolicy = _client.DefaultVersionPolicy,
        };
        using HttpResponseMessage response = await _client.SendAsync(request);
        Require(response, HttpStatusCode.OK);
        Require(await response.Content.ReadAsByteArrayAsync(), []);
    }

    private async Task GetLargeAsync(Random random)
    {
        using HttpResponseMessage response = await _client.GetAsync("large");
        Require(response, HttpStatusCode.OK);
        Require(await response.Content.ReadAsByteArrayAsync(), ChildServer.Large);
    }

    /// <summary>Gives up in the middle of a download: by disposal, by its token while it reads, or at any time.</summary>
    private async Task CancelAsync(Random random)
    {
        using var cancel = new CancellationTokenSource();
        bool early = random.Next(3) == 0;
        if (early)
        {
            cancel.CancelAfter(random.Next(20));
        }

        try
        {
            using HttpResponseMessage response = await _client.GetAsync("large", HttpCompletionOption.ResponseHeadersRead, cancel.Token);
            Require(response, HttpStatusCode.OK);
            Stream body = await response.Content.ReadAsStreamAsync(cancel.Token);
            byte[] part = new byte[random.Next(1, 300_000)];
            await body.ReadExactlyAsync(part, cancel.Token);
            Require(part, ChildServer.Large.AsSpan(0, part.Length));
            if (random.Next(2) == 0)
            {
                ValueTask<int> read = body.ReadAsync(part, cancel.Token);
                await cancel.CancelAsync();
                await read;
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // As it was asked for.
        }
    }

    private async Task UploadAsync(HttpContent content)
    {
        using HttpResponseMessage response = await _client.PostAsync("upload", content);
        Require(response, HttpStatusCode.OK);
        byte[] sent = content is PiecesContent pieces ? pieces.Bytes : await content.ReadAsByteArrayAsync();
        Require(await response.Content.ReadAsByteArrayAsync(), _server.EchoesOnly ? sent : Encoding.ASCII.GetBytes($"{sent.Length}"));
    }

    private async Task EarlyAsync(Random random)
    {
        int status = random.Next(3) switch { 0 => 401, 1 => 413, _ => 429 };
        byte[] body = Part(random, random.Next(3) == 0 ? 1_000_000 : 20_000);
        using HttpContent content = random.Next(2) == 0 ? new ByteArrayContent(body) : new PiecesContent(body);
        using HttpResponseMessage response = await _client.PostAsync($"early/{status}", content);
        Require(response, (HttpStatusCode)status);
        await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>What the server said of the stream or the connection; a body that is read tells of it by another exception.</summary>
    private static Http2ErrorCode? CodeOf(Exception? e) => e switch
    {
        null => null,
        TransportException { Http2ErrorCode: { } code } => code,
        _ => CodeOf(e.InnerException),
    };

    private static byte[] Part(Random random, int max) => ChildServer.Large[..random.Next(1_500, max)];

    private static void Require(HttpResponseMessage response, HttpStatusCode status)
    {
        if (response.StatusCode != status || response.Version != HttpVersion.Version20)
        {
            throw new InvalidOperationException($"not {status} but {response}");
        }
    }

    private static void Require(byte[] body, ReadOnlySpan<byte> right)
    {
        if (!right.SequenceEqual(body))
        {
            string begin = Encoding.ASCII.GetString(body.AsSpan(0, Math.Min(body.Length, 40)));
            throw new InvalidOperationException($"{right.Length} bytes are right; it were {body.Length} bytes, {begin}");
        }
    }

    /// <summary>Of unknown length, in pieces that are flushed, and only once.</summary>
    private sealed class PiecesContent(byte[] bytes) : HttpContent
    {
        private const int PieceBytes = 7_000;

        public byte[] Bytes => bytes;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (int start = 0; start < bytes.Length; start += PieceBytes)
            {
                await stream.WriteAsync(bytes.AsMemory(start, Math.Min(PieceBytes, bytes.Length - start)));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
