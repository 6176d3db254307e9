using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Warmwire.Tests.Kit;

/// <summary>
/// A proxy on loopback: http, https, socks4, socks4a or socks5, with or without a name and a password. Whatever name it is asked for is at
/// 127.0.0.1, so a test can ask for names that nobody else resolves.
/// </summary>
public sealed class TestProxy : IAsyncDisposable
{
    public const string User = "user";
    public const string Password = "pass:word";
    public const string Refusal = "denied";

    private const string BadGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";

    private readonly RawServer _server;
    private readonly string _scheme;
    private readonly bool _wantsCredentials;

    public TestProxy(string scheme, bool wantsCredentials = false)
    {
        _scheme = scheme;
        _wantsCredentials = wantsCredentials;
        _server = new RawServer(ServeAsync);
        Uri = new Uri($"{scheme}://localhost:{_server.Port}");
    }

    public Uri Uri { get; }

    /// <summary>What was asked for, in order: request lines, and <c>socks5 name:port</c>.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>The heads of all requests.</summary>
    public ConcurrentQueue<string> Heads { get; } = new();

    /// <summary>Connections accepted.</summary>
    public int Connections => _server.Accepted;

    private static string Authorization => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(NetworkStream connection, int index, CancellationToken token)
    {
        try
        {
            if (_scheme.StartsWith("socks", StringComparison.Ordinal))
            {
                await ServeSocksAsync(connection, token);
            }
            else if (_scheme == "https")
            {
                await using var secured = new SslStream(connection);
                await secured.AuthenticateAsServerAsync(TestCertificates.Presenting(SslApplicationProtocol.Http11), token);
                await ServeHttpAsync(secured, token);
            }
            else
            {
                await ServeHttpAsync(connection, token);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            // The client has gone, or wants nothing of us.
        }
    }

    // ---- HTTP -------------------------------------------------------------------------------------------------------

    private async Task ServeHttpAsync(Stream client, CancellationToken token)
    {
        while (await ReadHeadAsync(client, token) is { } head)
        {
            Heads.Enqueue(head);
            string[] lines = head.Split("\r\n");
            string[] start = lines[0].Split(' ');
            Asked.Enqueue(lines[0]);
            byte[] body = new byte[Length(lines)];
            await client.ReadExactlyAsync(body, token);
            if (_wantsCredentials && !lines.Contains($"Proxy-Authorization: {Authorization}"))
            {
                await SendAsync(
                    client,
                    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\n"
                    + $"Content-Length: {Refusal.Length}\r\n\r\n{Refusal}",
                    token);
            }
            else if (start[0] == "CONNECT")
            {
                using Socket? server = await ConnectAsync(start[1], token);
                await SendAsync(client, server is null ? BadGateway : "HTTP/1.1 200 OK\r\n\r\n", token);
                if (server is not null)
                {
                    await RelayAsync(client, server, token);
                    return;
                }
            }
            else
            {
                await ForwardAsync(client, start, lines, body, token);
            }
        }
    }

    /// <summary>Over HTTP/1.0, whose responses end with the connection.</summary>
    private static async Task ForwardAsync(Stream client, string[] start, string[] lines, byte[] body, CancellationToken token)
    {
        var target = new Uri(start[1]);
        using Socket? socket = await ConnectAsync(target.Authority + (target.IsDefaultPort ? ":80" : ""), token);
        if (socket is null)
        {
            await SendAsync(client, BadGateway, token);
            return;
        }

        await using var server = new NetworkStream(socket);
        IEnumerable<string> fields = lines[1..^2].Where(static line => !line.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase));
        await SendAsync(server, $"{start[0]} {target.PathAndQuery} HTTP/1.0\r\n{string.Join("\r\n", fields)}\r\n\r\n", token);
        await server.WriteAsync(body, token);
        string head = await ReadHeadAsync(server, token) ?? throw new EndOfStreamException();
        using var answer = new MemoryStream();
        await server.CopyToAsync(answer, token);
        string[] answered = head.Split("\r\n");
        fields = answered[1..^2].Where(static line => !line.StartsWith("Connection", StringComparison.OrdinalIgnoreCase)
            && !line.StartsWith("Content-Length", StringComparison.OrdinalIgnoreCase));
        string status = answered[0][8..];
        string others = string.Concat(fields.Select(static field => field + "\r\n"));
        await SendAsync(client, $"HTTP/1.1{status}\r\nContent-Length: {answer.Length}\r\n{others}\r\n", token);
        await client.WriteAsync(answer.ToArray(), token);
    }

    // ---- SOCKS ------------------------------------------------------------------------------------------------------

    private async Task ServeSocksAsync(NetworkStream client, CancellationToken token)
    {
        string? target = _scheme == "socks5" ? await ReadVersion5Async(client, token) : await ReadVersion4Async(client, token);
        if (target is null)
        {
            return;
        }

        Asked.Enqueue($"{_scheme} {target}");
        using Socket? server = await ConnectAsync(target, token);
        byte[] reply = _scheme == "socks5"
            ? [5, (byte)(server is null ? 5 : 0), 0, 1, 0, 0, 0, 0, 0, 0]
            : [0, (byte)(server is null ? 91 : 90), 0, 0, 0, 0, 0, 0];
        await client.WriteAsync(reply, token);
        if (server is not null)
        {
            await RelayAsync(client, server, token);
        }
    }

    private async Task<string?> ReadVersion5Async(NetworkStream client, CancellationToken token)
    {
        byte[] head = await ReadAsync(client, 2, token);
        byte[] methods = await ReadAsync(client, head[1], token);
        byte method = _wantsCredentials ? (byte)2 : (byte)0;
        if (!methods.Contains(method))
        {
            await client.WriteAsync(new byte[] { 5, 0xFF }, token);
            return null;
        }

        await client.WriteAsync(new byte[] { 5, method }, token);
        if (_wantsCredentials)
        {
            string name = Encoding.UTF8.GetString(await ReadAsync(client, (await ReadAsync(client, 2, token))[1], token));
            string password = Encoding.UTF8.GetString(await ReadAsync(client, (await ReadAsync(client, 1, token))[0], token));
            bool right = name == User && password == Password;
            await client.WriteAsync(new byte[] { 1, (byte)(right ? 0 : 1) }, token);
            if (!right)
            {
                return null;
            }
        }

        byte[] request = await ReadAsync(client, 4, token);
        string host = request[3] switch
        {
            1 => new IPAddress(await ReadAsync(client, 4, token)).ToString(),
            4 => $"[{new IPAddress(await ReadAsync(client, 16, token))}]",
            _ => Encoding.ASCII.GetString(await ReadAsync(client, (await ReadAsync(client, 1, token))[0], token)),
        };
        return $"{host}:{BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client, 2, token))}";
    }

    private async Task<string?> ReadVersion4Async(NetworkStream client, CancellationToken token)
    {
        byte[] request = await ReadAsync(client, 8, token);
        int port = BinaryPrimitives.ReadUInt16BigEndian(request.AsSpan(2));
        string user = await ReadTextAsync(client, token);
        bool isName = request[4] == 0 && request[5] == 0 && request[6] == 0 && request[7] != 0;
        string host = isName ? await ReadTextAsync(client, token) : new IPAddress(request.AsSpan(4, 4)).ToString();
        if (_wantsCredentials && user != User)
        {
            await client.WriteAsync(new byte[] { 0, 93, 0, 0, 0, 0, 0, 0 }, token);
            return null;
        }

        return $"{host}:{port}";
    }

    // ---- Bytes ------------------------------------------------------------------------------------------------------

    private static async Task<Socket?> ConnectAsync(string target, CancellationToken token)
    {
        int port = int.Parse(target[(target.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, token);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static async Task RelayAsync(Stream client, Socket socket, CancellationToken token)
    {
        await using var server = new NetworkStream(socket);
        Task up = client.CopyToAsync(server, token);
        Task down = server.CopyToAsync(client, token);
        await Task.WhenAny(up, down);
        socket.Close();
        client.Close();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static int Length(string[] lines) =>
        lines.FirstOrDefault(static line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) is { } line
            ? int.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture)
            : 0;

    private static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken token)
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, token) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        return Encoding.Latin1.GetString([.. head]);
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count, CancellationToken token)
    {
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, token);
        return bytes;
    }

    private static async Task<string> ReadTextAsync(Stream stream, CancellationToken token)
    {
        var text = new List<byte>();
        while ((await ReadAsync(stream, 1, token))[0] is var b and not 0)
        {
            text.Add(b);
        }

        return Encoding.UTF8.GetString([.. text]);
    }

    private static async Task SendAsync(Stream stream, string text, CancellationToken token)
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), token);
        await stream.FlushAsync(token);
    }
}
