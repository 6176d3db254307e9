using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Warmwire.Tests.Kit;

/// <summary>A loopback TCP server that runs one script per connection, for what only real sockets do.</summary>
/// <remarks>Disposal cancels the scripts and throws what they threw before it began, so that a failed script fails its test.</remarks>
public sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, int, CancellationToken, Task> _script;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly Task _accepting;
    private int _accepted;
    private int _open;
    private int _disposed;

    /// <param name="script">Gets the connection, its index from 0, and a token that is cancelled at disposal. The connection is closed
    /// when it returns.</param>
    public RawServer(Func<NetworkStream, int, CancellationToken, Task> script)
    {
        _script = script;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAllAsync();
    }

    public int Port { get; }

    public Uri Uri => new($"http://127.0.0.1:{Port}/");

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections whose script has not returned.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Closes a connection with a reset instead of an end.</summary>
    public static void Reset(NetworkStream connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        connection.Socket.Close();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        Exception[] failures = [.. _failures];
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        await Guard.Within(_accepting, () => $"A script of the server on port {Port} does not heed its token").ConfigureAwait(false);
        _stop.Dispose();
        if (failures.Length > 0)
        {
            throw new AggregateException("A server script failed.", failures);
        }
    }

    private async Task AcceptAllAsync()
    {
        var scripts = new List<Task>();
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
                socket.NoDelay = true;
                int index = Interlocked.Increment(ref _accepted) - 1;
                Interlocked.Increment(ref _open);
                if (index % 100 == 99)
                {
                    scripts.RemoveAll(static script => script.IsCompleted);
                }

                scripts.Add(Task.Run(() => RunAsync(socket, index)));
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // stopped
        }
        catch (Exception e)
        {
            _failures.Enqueue(e);
        }

        await Task.WhenAll(scripts).ConfigureAwait(false);
    }

    private async Task RunAsync(Socket socket, int index)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            await _script(stream, index, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            // whatever the end of the test does to it
        }
        catch (Exception e)
        {
            _failures.Enqueue(e);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
