using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Sends some requests to a server of its own on loopback before the first arrival is due, so that the code of this program is compiled and
/// its threads are there: else the first request of every run would show 50 ms that are not the server's. The target sees nothing of it.
/// </summary>
internal static class GeneratorWarmUp
{
    private const int Requests = 300;
    private const int AtATime = 4;

    private static readonly TimeSpan s_atMost = TimeSpan.FromSeconds(1);

    private static ReadOnlySpan<byte> Answer => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8;

    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepted = new ConcurrentBag<Socket>();
        Task serving = ServeAsync(listener, accepted);
        using (var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            stop.CancelAfter(s_atMost);
            var settings = new QuickSettings { Url = new Uri($"http://{listener.LocalEndpoint}/"), Rate = 1, Arrivals = 1 };
            using var log = new ConnectionLog(settings.Url);
            using var sender = new LoadSender(settings, log.Trace);
            await Task.WhenAll(Enumerable.Range(0, AtATime).Select(_ => SendAsync(sender, stop.Token)));

            // By a reset and from the server's side, so that nothing is left in TIME_WAIT, which a run counts.
            foreach (Socket socket in accepted)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Dispose();
            }
        }

        listener.Stop();
        await serving;
    }

    private static async Task SendAsync(LoadSender sender, CancellationToken stop)
    {
        var recorder = new RunRecorder();
        try
        {
            for (int i = 0; i < Requests / AtATime && !stop.IsCancellationRequested; i++)
            {
                recorder.ArrivalStarted(0, 1);
                recorder.RequestStarted();
                Answer answer = await sender.SendAsync(stop);
                recorder.Responded(answer.Status, answer.Bytes, new RequestTimes(0, 1, 2, 3, 4));
            }

            recorder.PutAwaySeconds(1);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException)
        {
            // Time is over, or this machine has no loopback: then the run begins cold.
        }
    }

    private static async Task ServeAsync(TcpListener listener, ConcurrentBag<Socket> accepted)
    {
        try
        {
            while (true)
            {
                Socket socket = await listener.AcceptSocketAsync();
                accepted.Add(socket);
                _ = AnswerAsync(socket);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The listener was stopped.
        }
    }

    private static async Task AnswerAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            // One request at a time comes on a connection, in one piece.
            while (await socket.ReceiveAsync(buffer) is var length and > 0)
            {
                if (buffer.AsSpan(0, length).EndsWith(EndOfHead))
                {
                    await socket.SendAsync(Answer.ToArray());
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The warm-up is over.
        }
    }
}
