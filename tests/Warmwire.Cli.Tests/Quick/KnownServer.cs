using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Cli.Quick.Load;

namespace Warmwire.Cli.Tests.Quick;

/// <summary>
/// A server whose every answer comes exactly so late as was said before, and which does nothing at all for a while: what a load test should
/// measure is known.
/// </summary>
internal sealed class KnownServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly BlockingCollection<(Socket Socket, long Release)> _due = [];
    private readonly long[] _delays;
    private readonly Func<long, long> _release;
    private int _requests = -1;

    /// <param name="delays">Of the requests in the order in which they come, in nanoseconds.</param>
    /// <param name="release">From when a request that comes at this time is worked on; times of <see cref="LoadClock.Now"/>.</param>
    public KnownServer(long[] delays, Func<long, long> release)
    {
        _delays = delays;
        _release = release;
        _listener.Start(1000);
        Url = new Uri($"http://{_listener.LocalEndpoint}/");
        _ = AcceptAsync();
        new Thread(Answer) { IsBackground = true, Name = "answers" }.Start();
    }

    public Uri Url { get; }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _due.CompleteAdding();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                _ = ServeAsync(socket);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        using Socket socket = accepted;
        byte[] buffer = new byte[4096];
        try
        {
            // Each request comes in one piece.
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, _stop.Token) > 0)
            {
                long now = LoadClock.Now;
                _due.Add((socket, _release(now) + _delays[Interlocked.Increment(ref _requests) % _delays.Length]), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over, or the client is.
        }
    }

    private void Answer()
    {
        LoadClock.MakeWaitsPrecise();
        byte[] answer = [.. "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8];
        var waiting = new PriorityQueue<Socket, long>();
        while (!_due.IsCompleted)
        {
            bool isEmpty = waiting.Count == 0;
            if (_due.TryTake(out (Socket Socket, long Release) next, isEmpty ? Timeout.Infinite : 0))
            {
                waiting.Enqueue(next.Socket, next.Release);
                continue;
            }

            // Never longer than a delay that is still to come may be shorter.
            if (waiting.TryPeek(out Socket? socket, out long release) && release <= LoadClock.Now)
            {
                waiting.Dequeue();
                Send(socket, answer);
            }
            else
            {
                LoadClock.WaitUntil(Math.Min(release, LoadClock.Now + 50_000), interval: 0, CancellationToken.None);
            }
        }
    }

    private static void Send(Socket socket, byte[] answer)
    {
        try
        {
            socket.Send(answer);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The client has gone.
        }
    }
}
