using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// A server that keeps to the protocol as long as it likes: it answers, dribbles, says close, adds stray bytes, closes or resets in the
/// middle, all at random.
/// </summary>
internal sealed class ChaosServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly bool _tls;
    private readonly Task _accepting;
    private int _open;

    public ChaosServer(bool tls)
    {
        _tls = tls;
        _listener.Start(512);
        Uri = new Uri($"{(tls ? "https" : "http")}://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Open => Volatile.Read(ref _open);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Eventually.IsTrue(() => Open == 0, "the chaos ends");
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int seed = 1; ; seed++)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                Interlocked.Increment(ref _open);
                _ = RunAsync(socket, new Random(seed));
            }
        }
        catch (OperationCanceledException)
        {
            // stopped
        }
    }

    private async Task RunAsync(Socket socket, Random random)
    {
        try
        {
            using var network = new NetworkStream(socket, ownsSocket: true);
            if (random.Next(60) == 0)
            {
                End(socket, random);
                return;
            }

            Stream stream = network;
            if (_tls)
            {
                var secure = new SslStream(network);
                await secure.AuthenticateAsServerAsync(TestCertificates.Presenting(), _stop.Token);
                stream = secure;
            }

            while (await ReadHeadAsync(stream) is { } id)
            {
                if (!await AnswerAsync(stream, id, random))
                {
                    End(socket, random);
                    return;
                }
            }
        }
        catch (Exception)
        {
            // The client is as free to end as this server is.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>The path of the request, which is its id; <see langword="null"/> at the end.</summary>
    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        byte[] buffer = new byte[2048];
        int count = 0;
        while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
        {
            int read = await stream.ReadAsync(buffer.AsMemory(count), _stop.Token);
            if (read == 0)
            {
                return null;
            }

            count += read;
        }

        return Encoding.ASCII.GetString(buffer, 0, count).Split(' ', 3)[1].TrimStart('/');
    }

    private async Task<bool> AnswerAsync(Stream stream, string id, Random random)
    {
        string body = SoakBody.Of(id, random.Next(4) == 0 ? random.Next(1, 60_000) : random.Next(1, 300));
        bool chunked = random.Next(3) == 0;
        bool close = random.Next(20) == 0;
        string framing = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {body.Length}";
        string head = $"HTTP/1.1 200 OK\r\nX-Id: {id}\r\n{(close ? "Connection: close\r\n" : "")}{framing}\r\n\r\n";
        int half = body.Length / 2;
        string answer = head + (chunked
            ? string.Create(CultureInfo.InvariantCulture, $"{half + 1:x}\r\n{body[..(half + 1)]}\r\n")
                + (body.Length > half + 1
                ? string.Create(CultureInfo.InvariantCulture, $"{body.Length - half - 1:x};x=y\r\n{body[(half + 1)..]}\r\n") : "")
                + "0\r\nX-Trailer: " + id + "\r\n\r\n"
            : body);
        byte[] bytes = Encoding.ASCII.GetBytes(answer);
        switch (random.Next(40))
        {
            case 0: // ends somewhere in the middle, head or body
                await stream.WriteAsync(bytes.AsMemory(0, random.Next(bytes.Length)), _stop.Token);
                return false;
            case 1:
                return false;
            case 2: // one byte at a time, for as long as that is bearable
                int dribble = Math.Min(bytes.Length, 250);
                for (int i = 0; i < dribble; i++)
                {
                    await stream.WriteAsync(bytes.AsMemory(i, 1), _stop.Token);
                }

                await stream.WriteAsync(bytes.AsMemory(dribble), _stop.Token);
                break;
            case 3: // junk behind the answer, in the same write or right after it
                if (random.Next(2) == 0)
                {
                    await stream.WriteAsync(bytes, _stop.Token);
                    await stream.WriteAsync("junk"u8.ToArray(), _stop.Token);
                }
                else
                {
                    await stream.WriteAsync((byte[])[.. bytes, .. "junk"u8], _stop.Token);
                }

                break;
            case 4: // closes after a whole answer without saying so
                await stream.WriteAsync(bytes, _stop.Token);
                return false;
            case 5: // a stall
                await Task.Delay(random.Next(1, 40), _stop.Token);
                await stream.WriteAsync(bytes, _stop.Token);
                break;
            case 6: // a 100 nobody asked for, and a pause in the middle
                await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
                int cut = random.Next(bytes.Length);
                await stream.WriteAsync(bytes.AsMemory(0, cut), _stop.Token);
                await Task.Delay(random.Next(1, 10), _stop.Token);
                await stream.WriteAsync(bytes.AsMemory(cut), _stop.Token);
                break;
            default:
                await stream.WriteAsync(bytes, _stop.Token);
                break;
        }

        return !close;
    }

    private static void End(Socket socket, Random random)
    {
        if (random.Next(2) == 0)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        socket.Close();
    }
}

/// <summary>A body that says in every place whose it is.</summary>
internal static class SoakBody
{
    public static string Of(string id, int length)
    {
        string unit = id + ";";
        return new StringBuilder(length + unit.Length).Insert(0, unit, (length / unit.Length) + 1).ToString(0, length);
    }

    public static bool IsOf(string id, ReadOnlySpan<byte> body)
    {
        byte[] unit = Encoding.ASCII.GetBytes(id + ";");
        for (int i = 0; i < body.Length; i++)
        {
            if (body[i] != unit[i % unit.Length])
            {
                return false;
            }
        }

        return true;
    }
}
