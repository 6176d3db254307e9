using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Parity;

/// <summary>Answers each request by a function of its text, over http or https, and remembers what it saw.</summary>
internal sealed class ParityServer : IAsyncDisposable
{
    private readonly Func<string, Reply> _answer;
    private readonly RawServer _server;
    private readonly ConcurrentQueue<string> _requests = new();

    public ParityServer(Func<string, Reply> answer, bool isTls = false)
    {
        _answer = answer;
        IsTls = isTls;
        _server = new RawServer(ServeAsync);
    }

    public bool IsTls { get; }

    /// <summary>Whether a request that expects 100-continue gets it; else its body is not read, and it gets its answer at once.</summary>
    public bool SendsContinue { get; set; } = true;

    public int Port => _server.Port;

    public int Connections => _server.Accepted;

    public Uri Uri => IsTls ? new Uri($"https://localhost:{Port}/") : _server.Uri;

    /// <summary>Head and decoded body of each request, in order.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(NetworkStream socket, int index, CancellationToken cancellationToken)
    {
        Stream stream = socket;
        if (IsTls)
        {
            var tls = new SslStream(socket);
            try
            {
                await tls.AuthenticateAsServerAsync(TestCertificates.Presenting(), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                return; // a client that does not trust us
            }

            stream = tls;
        }

        try
        {
            while (await ReadRequestAsync(stream, cancellationToken).ConfigureAwait(false) is { } request)
            {
                _requests.Enqueue(request);
                Reply reply = _answer(request);
                await stream.WriteAsync(Encoding.Latin1.GetBytes(reply.Bytes), cancellationToken).ConfigureAwait(false);
                if (reply.Close)
                {
                    return;
                }
            }
        }
        catch (IOException)
        {
            // the client went away
        }
    }

    private async Task<string?> ReadRequestAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            if (await ReadAsync(stream, 1, cancellationToken).ConfigureAwait(false) is not { } next)
            {
                return null;
            }

            head.Append(next);
        }

        ReceivedRequest request = ReceivedRequest.Parse(head.ToString());
        if (request.Headers.TryGetValue("Expect", out string? expect) && expect == "100-continue")
        {
            if (!SendsContinue)
            {
                return head.ToString();
            }

            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }

        if (!request.IsChunked)
        {
            return head + await ReadAsync(stream, request.ContentLength, cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            int size = int.Parse(
                await ReadLineAsync(stream, cancellationToken).ConfigureAwait(false),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture);
            head.Append(await ReadAsync(stream, size, cancellationToken).ConfigureAwait(false));
            await ReadLineAsync(stream, cancellationToken).ConfigureAwait(false);
            if (size == 0)
            {
                return head.ToString();
            }
        }
    }

    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        string line = "";
        while (!line.EndsWith("\r\n", StringComparison.Ordinal))
        {
            line += await ReadAsync(stream, 1, cancellationToken).ConfigureAwait(false)
                ?? throw new EndOfStreamException("The request was cut short.");
        }

        return line[..^2];
    }

    private static async Task<string?> ReadAsync(Stream stream, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        int read = await stream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return read == count ? Encoding.Latin1.GetString(bytes) : null;
    }
}
