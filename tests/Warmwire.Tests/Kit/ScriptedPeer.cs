using System.Globalization;
using System.Net.Security;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Kit;

/// <summary>
/// The server of one connection, played by the test line by line. Every wait is guarded: it ends with an exception that shows
/// the bytes seen so far.
/// </summary>
public sealed class ScriptedPeer
{
    private const string HeadEnd = "\r\n\r\n";

    private readonly List<byte> _seen = [];
    private readonly List<byte> _unread = [];
    private readonly byte[] _readBuffer = new byte[16 * 1024];
    private Stream _stream;
    private Task<int>? _pendingRead;

    public ScriptedPeer(PeerEnd end, string host = "", int port = 0)
    {
        ArgumentNullException.ThrowIfNull(end);
        End = end;
        Host = host;
        Port = port;
        _stream = end.Stream;
    }

    /// <summary>The transport, for what is not in the script: whether the client reads, how many writes it made.</summary>
    public PeerEnd End { get; }

    /// <summary>The host and port the client dialed.</summary>
    public string Host { get; }

    public int Port { get; }

    /// <summary>Completes when the client has disposed its stream.</summary>
    public Task ClientClosed => End.ClientClosed;

    /// <summary>All bytes read from the client so far.</summary>
    public string Seen => Encoding.Latin1.GetString(_seen.ToArray());

    /// <summary>Becomes a TLS server; what follows is inside TLS.</summary>
    public async Task AuthenticateAsServerAsync(SslServerAuthenticationOptions options)
    {
        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        await Guarded(tls.AuthenticateAsServerAsync(options), "the TLS handshake").ConfigureAwait(false);
        _stream = tls;
    }

    /// <summary>Reads up to and with the empty line.</summary>
    public async Task<string> ReadHeadAsync()
    {
        int end;
        while ((end = FindHeadEnd()) < 0)
        {
            await FillAsync("a request head").ConfigureAwait(false);
        }

        return Encoding.Latin1.GetString(Take(end));
    }

    /// <summary>Reads the head alone; the body stays for <see cref="ReadBodyAsync"/>.</summary>
    public async Task<ReceivedRequest> ReadRequestHeadAsync() => ReceivedRequest.Parse(await ReadHeadAsync().ConfigureAwait(false));

    /// <summary>Reads a request to its end.</summary>
    public async Task<ReceivedRequest> ReadRequestAsync()
    {
        ReceivedRequest request = await ReadRequestHeadAsync().ConfigureAwait(false);
        await ReadBodyAsync(request).ConfigureAwait(false);
        return request;
    }

    /// <summary>Reads the body that the head announces, into the request.</summary>
    public async Task ReadBodyAsync(ReceivedRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.IsChunked)
        {
            await ReadChunksAsync(request).ConfigureAwait(false);
        }
        else
        {
            request.Body = await ReadExactlyAsync(request.ContentLength).ConfigureAwait(false);
        }
    }

    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        while (_unread.Count < count)
        {
            await FillAsync($"{count} bytes").ConfigureAwait(false);
        }

        return Take(count);
    }

    /// <summary>Reads up to the next CRLF, which is not part of the answer.</summary>
    public async Task<string> ReadLineAsync()
    {
        int end;
        while ((end = FindLineEnd()) < 0)
        {
            await FillAsync("a line").ConfigureAwait(false);
        }

        return Encoding.Latin1.GetString(Take(end + 2).AsSpan(0, end));
    }

    /// <summary>Sends text, one byte per character.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => Guarded(_stream.WriteAsync(bytes).AsTask(), "a write to the client");

    /// <summary>Sends a response with a length, in one piece.</summary>
    /// <param name="status">The status code.</param>
    /// <param name="body">The body, sent as UTF-8.</param>
    /// <param name="headers">More header lines, <c>Name: value</c>.</param>
    public Task SendResponseAsync(int status = 200, string body = "", params string[] headers)
    {
        byte[] content = Encoding.UTF8.GetBytes(body);
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {(System.Net.HttpStatusCode)status}\r\n");
        if (status is not (204 or 304) && status >= 200)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {content.Length}\r\n");
        }

        foreach (string header in headers)
        {
            head.Append(header).Append("\r\n");
        }

        return SendAsync((byte[])[.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. content]);
    }

    /// <summary>Reads a request and answers it.</summary>
    public async Task<ReceivedRequest> AnswerAsync(int status = 200, string body = "", params string[] headers)
    {
        ReceivedRequest request = await ReadRequestAsync().ConfigureAwait(false);
        await SendResponseAsync(status, body, headers).ConfigureAwait(false);
        return request;
    }

    /// <summary>Closes the connection in order. TLS sends no close_notify; add one with <see cref="CloseTlsAsync"/>.</summary>
    public void Close() => End.Close();

    /// <summary>Says that no more comes, and goes on reading.</summary>
    public void CloseWriting() => End.CloseWriting();

    /// <summary>Sends TLS's close_notify, then closes.</summary>
    public async Task CloseTlsAsync()
    {
        await Guarded(((SslStream)_stream).ShutdownAsync(), "the TLS shutdown").ConfigureAwait(false);
        End.Close();
    }

    /// <summary>Breaks the connection.</summary>
    /// <param name="keepDelivered">Whether what the client has not read yet stays readable.</param>
    public void Reset(bool keepDelivered = false) => End.Reset(keepDelivered);

    /// <summary>Waits for the client to close, and fails if it sends anything before.</summary>
    public async Task ExpectClosedAsync()
    {
        await WaitForCloseAsync().ConfigureAwait(false);
        try
        {
            while (await Guarded(StartRead(), "the end of the client's bytes").ConfigureAwait(false) > 0)
            {
                FinishRead();
            }
        }
        catch (IOException)
        {
            // The script reset the connection; there is no more to read.
        }

        FailIfUnread("before it closed");
    }

    /// <summary>Waits for the client to close, whatever it still sends.</summary>
    public Task WaitForCloseAsync() => Guarded(End.ClientClosed, "the client to close");

    /// <summary>Fails if the client has sent anything that the script has not read.</summary>
    public async Task ExpectNoBytesAsync()
    {
        await DrainDeliveredAsync().ConfigureAwait(false);
        FailIfUnread("unasked");
        Assert.False(End.ClientClosed.IsCompleted, "The client closed the connection.");
    }

    private async Task ReadChunksAsync(ReceivedRequest request)
    {
        var body = new List<byte>();
        var sizes = new List<int>();
        while (true)
        {
            string line = await ReadLineAsync().ConfigureAwait(false);
            int size = int.Parse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                break;
            }

            sizes.Add(size);
            body.AddRange(await ReadExactlyAsync(size).ConfigureAwait(false));
            byte[] end = await ReadExactlyAsync(2).ConfigureAwait(false);
            if (end is not [(byte)'\r', (byte)'\n'])
            {
                throw new FormatException($"A chunk without its CRLF; seen: {Visible.Text(Seen)}");
            }
        }

        var trailers = new List<(string, string)>();
        while (await ReadLineAsync().ConfigureAwait(false) is { Length: > 0 } trailer)
        {
            trailers.Add(ReceivedRequest.ParseHeader(trailer));
        }

        request.Body = [.. body];
        request.ChunkSizes = sizes;
        request.Trailers = ReceivedRequest.Join(trailers);
    }

    private async Task FillAsync(string what)
    {
        if (await Guarded(StartRead(), what).ConfigureAwait(false) == 0)
        {
            throw new EndOfStreamException($"Waiting for {what}, the client closed; seen: {Visible.Text(Seen)}");
        }

        FinishRead();
    }

    /// <summary>Takes over what has already arrived, also what is on its way through the thread pool.</summary>
    private async Task DrainDeliveredAsync()
    {
        while (true)
        {
            Task<int> read = StartRead();
            await Eventually.IsTrue(() => read.IsCompleted || End.HasTakenAllFromClient, "the peer has read what came")
                .ConfigureAwait(false);
            if (!read.IsCompleted || await read.ConfigureAwait(false) == 0)
            {
                return;
            }

            FinishRead();
        }
    }

    /// <summary>A read outlives the wait for it, so that giving up a wait loses nothing.</summary>
    private Task<int> StartRead() => _pendingRead ??= _stream.ReadAsync(_readBuffer).AsTask();

    private void FinishRead()
    {
        ReadOnlySpan<byte> bytes = _readBuffer.AsSpan(0, _pendingRead!.Result);
        _pendingRead = null;
        _seen.AddRange(bytes);
        _unread.AddRange(bytes);
    }

    private int FindHeadEnd()
    {
        int index = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_unread).IndexOf("\r\n\r\n"u8);
        return index < 0 ? -1 : index + HeadEnd.Length;
    }

    private int FindLineEnd() => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_unread).IndexOf("\r\n"u8);

    private byte[] Take(int count)
    {
        byte[] bytes = [.. _unread.Take(count)];
        _unread.RemoveRange(0, count);
        return bytes;
    }

    private void FailIfUnread(string when)
    {
        if (_unread.Count > 0)
        {
            Assert.Fail($"The client sent {_unread.Count} bytes {when}: {Visible.Text(_unread.ToArray())}");
        }
    }

    private Task Guarded(Task task, string what) => Guard.Within(task, () => Describe(what));

    private Task<T> Guarded<T>(Task<T> task, string what) => Guard.Within(task, () => Describe(what));

    private string Describe(string what) =>
        $"Waited for {what} on the connection to {Host}:{Port}; "
            + $"client {(End.ClientClosed.IsCompleted ? "closed" : "open")}, seen: {Visible.Text(Seen)}";
}
