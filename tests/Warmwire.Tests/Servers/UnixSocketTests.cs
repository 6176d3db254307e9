using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Sockets;
using Warmwire.Tests.Kit;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers;

/// <summary>Real servers at Unix domain sockets, over both back ends, beside .NET with a ConnectCallback.</summary>
public sealed class UnixSocketTests : IDisposable
{
    private static readonly Uri s_uri = new("http://engine.test/where?x=1");

    private readonly UnixPath _path = new();

    public static TheoryData<string, int, bool> Cells
    {
        get
        {
            var cells = new TheoryData<string, int, bool>();
            foreach (string client in (string[])["dotnet", .. Enum.GetNames<SocketBackEnd>()])
            {
                foreach (bool tls in (bool[])[false, true])
                {
                    cells.Add(client, 1, tls);
                    cells.Add(client, 2, tls);
                }
            }

            return cells;
        }
    }

    public static TheoryData<string> BackEnds => [.. Enum.GetNames<SocketBackEnd>()];

    public void Dispose() => _path.Dispose();

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task A_request_over_a_Unix_socket_is_the_same_with_either_handler(string client, int version, bool tls)
    {
        await using UnixServer server = await UnixServer.StartAsync(
            _path.Value, EchoAsync, version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2, tls);
        using HttpMessageHandler handler = HandlerOf(client);
        using var http = new HttpClient(handler);
        string scheme = tls ? "https" : "http";
        string[] seen = new string[3];
        for (int i = 0; i < seen.Length; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{scheme}://a.server.test:8123/where?x=1")
            {
                Version = new Version(version, version == 1 ? 1 : 0),
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new StringContent(new string('x', 100_000)),
            };
            using HttpResponseMessage response = await http.SendAsync(request);
            seen[i] = await response.Content.ReadAsStringAsync();
            Assert.Equal(request.Version, response.Version);
            if (handler is PooledHttpHandler)
            {
                Assert.Equal(_path.Value, Assert.IsType<UnixDomainSocketEndPoint>(response.GetConnectionInfo()!.RemoteEndPoint).ToString());
                Assert.Equal(i > 0, response.GetConnectionInfo()!.Reused);
                Assert.Equal(TimeSpan.Zero, response.GetConnectionInfo()!.DnsTime);
            }
        }

        Assert.All(seen, text => Assert.Equal($"{scheme} a.server.test:8123 /where?x=1 HTTP/{(version == 1 ? "1.1" : "2")} 100000", text));
        Assert.Equal(1, server.Connections);
        if (handler is PooledHttpHandler ours)
        {
            OriginSnapshot origin = Assert.Single(ours.GetSnapshot().Origins);
            Assert.Equal(
                ($"{scheme}://a.server.test:8123", _path.Value, null), (origin.Origin, origin.UnixSocketPath, origin.Proxy));
            Assert.Contains($" through {_path} [", origin.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task A_websocket_goes_over_a_Unix_socket_with_either_handler(string client, int version, bool tls)
    {
        await using UnixServer server = await UnixServer.StartAsync(
            _path.Value, WebSocketEcho.Invoke, version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2, tls);
        using HttpMessageHandler handler = HandlerOf(client);
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(version, version == 1 ? 1 : 0);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var uri = new Uri($"{(tls ? "wss" : "ws")}://a.server.test:8123/");
        await Guard.Within(socket.ConnectAsync(uri, invoker, CancellationToken.None), static () => "the websocket");
        await socket.SendAsync("over a path"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        byte[] buffer = new byte[100];
        WebSocketReceiveResult echo = await Guard.Within(socket.ReceiveAsync(buffer, CancellationToken.None), static () => "the echo");
        Assert.Equal("over a path", Encoding.UTF8.GetString(buffer, 0, echo.Count));
        await Guard.Within(
            socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None), static () => "the close handshake");
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task The_path_of_a_request_goes_before_that_of_the_handler_and_null_is_TCP(string backEnd)
    {
        using var other = new UnixPath();
        await using UnixServer first = await UnixServer.StartAsync(_path.Value, EchoAsync);
        await using UnixServer second = await UnixServer.StartAsync(other.Value, EchoAsync);
        await using KestrelServer third = await KestrelServer.StartAsync(EchoAsync);
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        handler.UseProxy = false;
        using var http = new HttpClient(handler);
        foreach (string? path in (string?[])[_path.Value, other.Value, null, other.Value, _path.Value, null])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, third.HttpUri);
            request.Options.Set(TransportOptions.UnixSocketPath, path);
            using HttpResponseMessage response = await http.SendAsync(request);
            Assert.Equal(path, (response.GetConnectionInfo()!.RemoteEndPoint as UnixDomainSocketEndPoint)?.ToString());
        }

        Assert.Equal((1, 1, 1), (first.Connections, second.Connections, third.Connections));
        Assert.Equal(3, handler.GetSnapshot().Origins.Count);
        Assert.Equal(3, handler.GetSnapshot().ConnectionsOpened);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_server_that_goes_and_comes_back_at_the_same_path_is_found_again(string backEnd)
    {
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        using var http = new HttpClient(handler);
        for (int i = 0; i < 3; i++)
        {
            await using (UnixServer server = await UnixServer.StartAsync(_path.Value, EchoAsync))
            {
                Assert.StartsWith("http engine.test", await http.GetStringAsync(s_uri), StringComparison.Ordinal);
                Assert.StartsWith("http engine.test", await http.GetStringAsync(s_uri), StringComparison.Ordinal);
                Assert.Equal(1, server.Connections);
            }

            await Eventually.IsTrue(() => handler.GetSnapshot().Open == 0, "the server's end is seen");
            Assert.Equal(CloseReason.ServerClosed, Assert.Single(handler.GetSnapshot().Origins[0].ClosedBy).Key);
            TransportException gone = await Assert.ThrowsAsync<TransportException>(() => http.GetStringAsync(s_uri));
            Assert.Equal((TransportPhase.Connect, RequestSent.No), (gone.Phase, gone.RequestSent));
        }
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task Prewarming_opens_connections_through_the_socket(string backEnd)
    {
        await using UnixServer server = await UnixServer.StartAsync(_path.Value, EchoAsync);
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        using var http = new HttpClient(handler);
        Assert.Equal(3, await handler.PrewarmAsync(s_uri, 3));
        await Eventually.IsTrue(() => server.Connections == 3, "the server has accepted them");
        Assert.StartsWith("http engine.test", await http.GetStringAsync(s_uri), StringComparison.Ordinal);
        Assert.Equal(3, server.Connections);
        OriginSnapshot origin = Assert.Single(handler.GetSnapshot().Origins);
        Assert.Equal((3, 3L), (origin.Idle, origin.DialedBy[DialReason.Prewarm]));
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_full_line_of_connections_is_waited_for_and_none_is_lost(string backEnd)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems refuse instead");
        using Socket listener = UnixServer.Listen(_path.Value, backlog: 0);
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        using var http = new HttpClient(handler);
        Task<string>[] requests = [.. Enumerable.Range(0, 8).Select(_ => http.GetStringAsync(s_uri))];
        await Eventually.IsTrue(() => handler.GetSnapshot().Dialing > 0 && handler.GetSnapshot().Open > 0, "the line is full");

        Task[] served = [.. Enumerable.Range(0, 8).Select(_ => ServeOneAsync(listener))];
        Assert.All(await Task.WhenAll(requests), static body => Assert.Equal("ok", body));
        Assert.Equal(0, handler.GetSnapshot().Origins[0].DialsFailed);
        handler.Dispose();
        listener.Dispose();
        await Task.WhenAll(served);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_line_that_stays_full_ends_with_the_time_to_connect(string backEnd)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems refuse instead");
        using Socket listener = UnixServer.Listen(_path.Value, backlog: 0);
        var time = new FakeTime();
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        handler.TimeProvider = time;
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var fill = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await fill.ConnectAsync(new UnixDomainSocketEndPoint(_path.Value));
        Task<string> request = http.GetStringAsync(s_uri);
        await Eventually.IsTrue(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(200));
                return request.IsCompleted;
            },
            "the time to connect is over");

        TransportException late = await Assert.ThrowsAsync<TransportException>(() => request);
        Assert.Equal((true, TransportPhase.Connect, RequestSent.No), (late.IsTimeout, late.Phase, late.RequestSent));
        Assert.Matches(
            $"^Could not connect to the Unix socket {_path} for http://engine.test:80 within 10 s: its line of connections that the server "
            + "has not accepted yet was full, at each of [0-9]+ attempts; see PooledHttpHandler.ConnectTimeout.",
            late.Message);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task What_is_wrong_with_a_path_is_said(string backEnd)
    {
        using var folder = new UnixPath();
        Directory.CreateDirectory(folder.Value);
        using var file = new UnixPath();
        await File.WriteAllTextAsync(file.Value, "");
        using var packets = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        packets.Bind(new UnixDomainSocketEndPoint(_path.Value));
        using var abandoned = new UnixPath();
        UnixServer.Listen(abandoned.Value, 1).Dispose();
        if (!File.Exists(abandoned.Value))
        {
            // .NET removes the file with the socket. A server that was killed leaves it.
            using var left = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            left.Bind(new UnixDomainSocketEndPoint(abandoned.Value));
            File.Move(abandoned.Value, abandoned.Value + "x");
            left.Dispose();
            File.Move(abandoned.Value + "x", abandoned.Value);
        }

        foreach ((string path, string reason) in (ValueTuple<string, string>[])
            [
                (Path.Combine(folder.Value, "none"), "there is no such file"),
                (folder.Value, "nobody listens on it, or it is no socket"),
                (file.Value, "nobody listens on it, or it is no socket"),
                (_path.Value, "it is a socket of another type, not of streams"),
                (abandoned.Value, "nobody listens on it, or it is no socket"),
                ("\0" + Guid.NewGuid(), "nobody listens on this abstract name"),
            ])
        {
            using var handler = (PooledHttpHandler)HandlerOf(backEnd);
            handler.UnixSocketPath = path;
            using var http = new HttpClient(handler);
            TransportException failure = await Assert.ThrowsAsync<TransportException>(() => http.GetStringAsync(s_uri));
            Assert.Equal(
                $"Could not connect to the Unix socket {path.Replace('\0', '@')} for http://engine.test:80: {reason}; see "
                + "PooledHttpHandler.UnixSocketPath and TransportOptions.UnixSocketPath.",
                failure.Message);
            Assert.Equal(
                (HttpRequestError.ConnectionError, TransportPhase.Connect, RequestSent.No, "http://engine.test:80"),
                (failure.HttpRequestError, failure.Phase, failure.RequestSent, failure.Origin));
            Assert.IsType<SocketException>(failure.InnerException);
        }

        Directory.Delete(folder.Value);
    }

    /// <summary>A privileged process may do everything, so the system's answer is played.</summary>
    [Fact]
    public async Task A_socket_without_permission_is_said_to_be_so()
    {
        using var handler = (PooledHttpHandler)HandlerOf(nameof(SocketBackEnd.Managed));
        handler.ConnectUnix = static (_, _) => Task.FromException<Stream>(new SocketException((int)SocketError.AccessDenied));
        using var http = new HttpClient(handler);
        TransportException failure = await Assert.ThrowsAsync<TransportException>(() => http.GetStringAsync(s_uri));
        Assert.Contains("the system does not permit it; it takes write permission", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_callback_and_a_path_on_the_handler_contradict_each_other_and_one_request_may_choose()
    {
        using var contradicting = (PooledHttpHandler)HandlerOf(nameof(SocketBackEnd.Managed));
        contradicting.ConnectCallback = static (_, _) => throw new InvalidOperationException("not called");
        using var refused = new HttpClient(contradicting);
        InvalidOperationException refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => refused.GetStringAsync(s_uri));
        Assert.Contains("UnixSocketPath and PooledHttpHandler.ConnectCallback", refusal.Message, StringComparison.Ordinal);

        // It has sent nothing, so it can be set right.
        contradicting.UnixSocketPath = null;
        await using UnixServer server = await UnixServer.StartAsync(_path.Value, EchoAsync);
        using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
        request.Options.Set(TransportOptions.UnixSocketPath, _path.Value);
        using HttpResponseMessage response = await refused.SendAsync(request);
        Assert.StartsWith("http engine.test", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trace_of_a_request_names_the_socket_and_no_name()
    {
        await using UnixServer server = await UnixServer.StartAsync(_path.Value, EchoAsync);
        using var handler = (PooledHttpHandler)HandlerOf(nameof(SocketBackEnd.Managed));
        using var http = new HttpClient(handler);
        var seen = new List<string>();
        using var request = new HttpRequestMessage(HttpMethod.Get, s_uri);
        request.Options.Set(TransportOptions.Trace, new RequestTrace
        {
            DnsStart = _ => seen.Add("dns"),
            ConnectStart = endPoint => seen.Add($"start {endPoint}"),
            ConnectDone = (endPoint, error) => seen.Add($"done {endPoint} {error}"),
        });
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal([$"start {_path}", $"done {_path} "], seen);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task An_abstract_name_is_reached(string backEnd)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "abstract names are Linux' own");
        string name = "\0w" + Guid.NewGuid().ToString("N");
        using Socket listener = UnixServer.Listen(name, 4);
        Task served = ServeOneAsync(listener);
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        handler.UnixSocketPath = name;
        using var http = new HttpClient(handler);
        Assert.Equal("ok", await http.GetStringAsync(s_uri));
        Assert.Equal("@" + name[1..], handler.GetSnapshot().Origins[0].UnixSocketPath);
        handler.Dispose();
        await served;
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_body_larger_than_every_buffer_comes_through_both_ways(string backEnd)
    {
        await using UnixServer server = await UnixServer.StartAsync(_path.Value, static async context =>
        {
            using var content = new MemoryStream();
            await context.Request.Body.CopyToAsync(content);
            content.Position = 0;
            await content.CopyToAsync(context.Response.Body);
        });
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        using var http = new HttpClient(handler);
        byte[] bytes = new byte[8 * 1024 * 1024];
        Random.Shared.NextBytes(bytes);
        using HttpResponseMessage response = await http.PostAsync(s_uri, new ByteArrayContent(bytes));
        byte[] echoed = await response.Content.ReadAsByteArrayAsync();
        Assert.True(bytes.AsSpan().SequenceEqual(echoed));
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [MemberData(nameof(BackEnds))]
    public async Task A_redirect_stays_on_the_socket(string backEnd)
    {
        await using UnixServer server = await UnixServer.StartAsync(_path.Value, static async context =>
        {
            if (context.Request.Path == "/moved")
            {
                context.Response.Redirect("http://elsewhere.test/here");
                return;
            }

            await EchoAsync(context);
        });
        using var handler = (PooledHttpHandler)HandlerOf(backEnd);
        using var http = new HttpClient(handler);
        Assert.Equal("http elsewhere.test /here HTTP/1.1 0", await http.GetStringAsync("http://engine.test/moved"));
        Assert.Equal(2, server.Connections);
        Assert.All(handler.GetSnapshot().Origins, origin => Assert.Equal(_path.Value, origin.UnixSocketPath));
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content);
        HttpRequest request = context.Request;
        byte[] body = Encoding.ASCII.GetBytes(
            $"{request.Scheme} {request.Host} {request.Path}{request.QueryString} {request.Protocol} {content.Length}");
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    /// <summary>Accepts one connection and answers the requests on it until its end.</summary>
    private static async Task ServeOneAsync(Socket listener)
    {
        try
        {
            using Socket accepted = await listener.AcceptAsync();
            byte[] buffer = new byte[4096];
            int length = 0;
            while (await accepted.ReceiveAsync(buffer.AsMemory(length)) is var read and > 0)
            {
                length += read;
                if (EndsWithEmptyLine(buffer.AsSpan(0, length)))
                {
                    length = 0;
                    await accepted.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // There were fewer connections than requests.
        }
    }

    private static bool EndsWithEmptyLine(ReadOnlySpan<byte> head) => head.EndsWith("\r\n\r\n"u8);

    private HttpMessageHandler HandlerOf(string client)
    {
        if (client != "dotnet")
        {
            return new PooledHttpHandler
            {
                UnixSocketPath = _path.Value,
                SocketBackEnd = Enum.Parse<SocketBackEnd>(client),
                SslOptions = TestCertificates.Trusting(),
                Proxy = new WebProxy("http://no.such.proxy.invalid:1"),
                ResolveNames = static (_, _) => throw new InvalidOperationException("there is no name to resolve"),
            };
        }

        return new SocketsHttpHandler
        {
            SslOptions = TestCertificates.Trusting(),
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path.Value), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
    }
}
