using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// A server over real sockets that speaks HTTP/2 well, badly or not at all, a connection at a time, all at random from one seed.
/// </summary>
internal sealed class Http2ChaosServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _seed;
    private readonly Task _accepting;
    private readonly ConcurrentDictionary<string, bool> _soiled = new();
    private int _open;
    private int _accepted;

    public Http2ChaosServer(int seed)
    {
        _seed = seed;
        _listener.Start(512);
        Uri = new Uri($"http://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Open => Volatile.Read(ref _open);

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Whether frames with anything in them were sent on that request's stream, so that its answer proves nothing.</summary>
    public bool IsSoiled(string id) => _soiled.ContainsKey(id);

    public void Soil(string id) => _soiled[id] = true;

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
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                Interlocked.Increment(ref _open);
                _ = RunAsync(socket, (_seed * 31_337) + Interlocked.Increment(ref _accepted));
            }
        }
        catch (OperationCanceledException)
        {
            // stopped
        }
    }

    private async Task RunAsync(Socket socket, int seed)
    {
        try
        {
            using var connection = new Http2ChaosConnection(this, socket, seed);
            await connection.RunAsync(_stop.Token);
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
}
