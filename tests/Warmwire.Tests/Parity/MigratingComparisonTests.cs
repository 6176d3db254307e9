using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Telemetry;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Rows of the table in docs/migrating.md that no other test shows over both handlers. <see cref="ComparisonTests"/> has which row stands
/// on which test.
/// </summary>
[Collection(ProcessWideTelemetry.Name)] // one test is about there being no listener
public sealed class MigratingComparisonTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    // The rest of the response comes at once, or never: then the connection closes when the time is over.
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public Task A_response_that_is_disposed_unread_is_drained_for_ResponseDrainTimeout(bool comes, int connections) =>
        ParityScenario.AssertAsync(
            async stage =>
            {
                var rest = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var closed = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                await using var server = new RawServer(async (stream, index, token) =>
                {
                    await RawPeer.ReadHeadAsync(stream, token);
                    if (index > 0)
                    {
                        await RawPeer.WriteAsync(stream, Ok, token);
                        return;
                    }

                    await RawPeer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", token);
                    await rest.Task.WaitAsync(token);
                    await RawPeer.WriteAsync(stream, comes ? "world" : "", token);
                    bool isReused = await RawPeer.ReadHeadAsync(stream, token) is not null;
                    closed.SetResult(!isReused);
                    if (isReused)
                    {
                        await RawPeer.WriteAsync(stream, Ok, token);
                    }
                });

                // Real time: where nothing comes the test waits for this long; where something does, it is the limit.
                TimeSpan timeout = comes ? TimeSpan.FromSeconds(10) : TimeSpan.FromMilliseconds(100);
                using HttpMessageInvoker invoker = stage.Invoker(new { ResponseDrainTimeout = timeout, MaxConnectionsPerServer = 1 });
                using (await invoker.SendAsync(ParityStage.Get(server.Uri), default))
                {
                    // not read
                }

                rest.SetResult();
                await stage.Outcome.TellResponseAsync("next", invoker.SendAsync(ParityStage.Get(server.Uri), default));
                stage.Outcome.Tell("closed", await ParityStage.Soon(closed.Task, "the first connection is used or closed"));
                stage.Outcome.Tell("connections", server.Accepted);
            },
            ("next", "200 ok"), ("closed", !comes), ("connections", connections));

    // gRPC and other libraries take an inner SocketException(TimedOut) for a server that cannot be reached.
    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_connect_that_timed_out_is_a_cancellation_with_NET_and_TimedOut_here(string scheme)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using var server = new RawServer((stream, _, token) => RawPeer.CountAsync(stream, long.MaxValue, token));
            var settings = new { ConnectTimeout = TimeSpan.FromMilliseconds(200) };
            HttpMessageHandler handler = scheme == "https" ? stage.Create(settings) : stage.Create(new
            {
                settings.ConnectTimeout,
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(static async (_, token) =>
                {
                    await Task.Delay(Timeout.Infinite, token);
                    return Stream.Null;
                }),
            });
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            await stage.Outcome.TellAsync(
                "request", () => invoker.SendAsync(ParityStage.Get($"{scheme}://localhost:{server.Port}/"), default));
        });
        Assert.StartsWith("OperationCanceledException", reference["request"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException(", ours["request"], StringComparison.Ordinal);
        Assert.Contains("SocketException(TimedOut)", ours["request"], StringComparison.Ordinal);
    }

    // What the server chose is what it reads.
    [Fact]
    public async Task HTTP_1_is_written_by_NET_to_an_SslStream_that_negotiated_HTTP_2_and_here_it_is_refused()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            var seen = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var server = new RawServer(async (stream, _, token) =>
            {
                using var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(TestCertificates.Presenting(SslApplicationProtocol.Http2), token);
                seen.TrySetResult(await RawPeer.ReadHeadAsync(tls, token)); // .NET tries four times
            });
            using HttpMessageInvoker invoker = stage.Invoker(new
            {
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(async (_, token) =>
                {
                    var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(IPAddress.Loopback, server.Port, token);
                    var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                    SslClientAuthenticationOptions options = TestCertificates.Trusting();
                    options.TargetHost = "server.test";
                    options.ApplicationProtocols = [SslApplicationProtocol.Http2];
                    await tls.AuthenticateAsClientAsync(options, token);
                    return tls;
                }),
            });
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get("https://server.test/"), default));
            stage.Outcome.Tell("server saw", (await ParityStage.Soon(seen.Task, "what the server reads"))?.Split("\r\n")[0]);
        });
        Assert.Equal("GET / HTTP/1.1", reference["server saw"]);
        Assert.StartsWith("HttpRequestException(SecureConnectionError)", ours["response"], StringComparison.Ordinal);
        Assert.Equal("", ours["server saw"]);
    }

    // The server speaks HTTP/1.1 only.
    [Fact]
    public async Task What_a_server_chose_that_refuses_HTTP_2_is_said_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(
                static _ => Task.CompletedTask, new KestrelServerSettings { Protocols = HttpProtocols.Http1 });
            using HttpMessageInvoker invoker = stage.Invoker();
            using HttpRequestMessage request = ParityStage.Http2(HttpMethod.Get, uri: server.HttpsUri.AbsoluteUri);
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, default));
        });
        Assert.StartsWith("HttpRequestException(SecureConnectionError)", reference["response"], StringComparison.Ordinal);
        Assert.StartsWith("HttpRequestException(VersionNegotiationError)", ours["response"], StringComparison.Ordinal);
    }

    // If it were not replaced, the proxy's certificate would be the wrong one.
    [Fact]
    public Task A_target_host_that_was_set_is_replaced_by_the_name_of_an_https_proxy() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using KestrelServer server = await KestrelServer.StartAsync(static _ => Task.CompletedTask);
            await using var proxy = new TestProxy("https");
            SslClientAuthenticationOptions options = TestCertificates.Trusting();
            options.TargetHost = "wrong.test";
            using HttpMessageInvoker invoker = stage.Invoker(
                new { UseProxy = true, Proxy = new WebProxy($"https://localhost:{proxy.Uri.Port}"), SslOptions = options });
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.HttpUri), default));
            stage.Outcome.Tell("asked", proxy.Asked.Count);
        },
        ("response", "200"), ("asked", 1));

    // A cache says itself which URI each of its credentials is for.
    [Fact]
    public async Task Credentials_of_a_cache_are_used_behind_a_redirect_to_another_origin()
    {
        await using var other = new ParityServer(static request => request.Contains("Authorization: Basic dTpw", StringComparison.Ordinal)
            ? Reply.Ok("in")
            : Reply.With("401 Unauthorized", "", "WWW-Authenticate: Basic realm=a"));
        var cache = new CredentialCache { { other.Uri, "Basic", new NetworkCredential("u", "p") } };
        (string reference, string ours) = await ParityRun.PlayBothAsync(
            _ => Reply.With("302 Found", "", $"Location: {other.Uri}"),
            static run =>
            {
                run.RecordsRequests = false;
                return run.SendAsync("GET");
            },
            new { Credentials = (ICredentials)cache });
        Assert.Contains("body: in", reference, StringComparison.Ordinal);
        Assert.Equal(reference, ours);
    }

    // With NTLM the connection is the user: a request that is served on it next is taken for one of that user.
    [Fact]
    public async Task A_connection_of_NTLM_serves_two_identities_with_NET_and_one_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using var server = new RawServer(ServeNtlmAsync);
            var cache = new CredentialCache
            {
                { new Uri(server.Uri, "/a/"), "NTLM", new NetworkCredential("a", "p", "D") },
                { new Uri(server.Uri, "/b/"), "NTLM", new NetworkCredential("b", "p", "D") },
            };
            using HttpClient client = stage.Client(new { Credentials = (ICredentials)cache });
            await stage.Outcome.TellResponseAsync("a", client.GetAsync(new Uri(server.Uri, "/a/")));
            await stage.Outcome.TellResponseAsync("b", client.GetAsync(new Uri(server.Uri, "/b/")));
            await stage.Outcome.TellResponseAsync("a again", client.GetAsync(new Uri(server.Uri, "/a/")));
        });
        Assert.Equal(("200 as /a/", "200 as /a/"), (reference["a"], reference["b"]));
        Assert.Equal(("200 as /a/", "200 as /b/", "200 as /a/"), (ours["a"], ours["b"], ours["a again"]));
    }

    [Fact]
    public async Task The_address_of_an_IPv4_peer_is_mapped_with_NET_and_plain_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await MeasureAsync(static (stage, metrics) => stage.Outcome.Tell(
            "address", metrics.Of("http.client.connection.duration").Single().Tags["network.peer.address"]));
        Assert.Equal("::ffff:127.0.0.1", reference["address"]);
        Assert.Equal("127.0.0.1", ours["address"]);
    }

    [Fact]
    public async Task A_connection_is_named_after_the_Host_of_its_first_request_with_NET_and_after_its_server_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await MeasureAsync(static (stage, metrics) => stage.Outcome.Tell(
            "server", metrics.Of("http.client.connection.duration").Single().Tags["server.address"]));
        Assert.Equal("first.test", reference["server"]);
        Assert.Equal("127.0.0.1", ours["server"]);
    }

    [Fact]
    public async Task A_new_connection_is_counted_as_idle_first_with_NET_and_as_active_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await MeasureAsync(static (stage, metrics) => stage.Outcome.Tell(
            "states", string.Join(' ', metrics.Of("http.client.open_connections").Take(2).Select(
                static point => $"{point.Value:+0;-0} {point.Tags["http.connection.state"]}"))));
        Assert.Equal("+1 idle -1 idle", reference["states"]);
        Assert.Equal("+1 active -1 active", ours["states"]);
    }

    // An activity that nobody listens to is in no trace: what names it as its parent is lost.
    [Fact]
    public async Task Where_nobody_listens_the_trace_names_an_activity_nobody_sees_with_NET_and_the_callers_here()
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using var server = new ParityServer(static _ => Reply.Ok());
            using HttpMessageInvoker invoker = stage.Invoker(
                new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
            using var mine = new Activity("mine");
            mine.Start();
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            string[] trace = server.Requests[0].Split("traceparent: ")[1].Split("\r\n")[0].Split('-');
            stage.Outcome.Tell("the caller's trace", trace[1] == mine.TraceId.ToHexString());
            stage.Outcome.Tell("the caller's activity", trace[2] == mine.SpanId.ToHexString());
        });
        Assert.Equal(("True", "False"), (reference["the caller's trace"], reference["the caller's activity"]));
        Assert.Equal(("True", "True"), (ours["the caller's trace"], ours["the caller's activity"]));
    }

    /// <summary>Answers all requests of an authenticated connection as those of the user who authenticated it.</summary>
    private static async Task ServeNtlmAsync(Stream stream, int index, CancellationToken token)
    {
        // A second message of NTLM: a challenge of eight bytes, and what a server calls itself.
        const string Second = "TlRMTVNTUAACAAAADAAMADgAAAA1goniASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcgACAAwARABvAG0A"
            + "YQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA=";
        string? who = null;
        while (await RawPeer.ReadHeadAsync(stream, token) is { } head)
        {
            who ??= head.Contains("TlRMTVNTUAAD", StringComparison.Ordinal) ? head.Split(' ')[1] : null;
            string challenge = head.Contains("TlRMTVNTUAAB", StringComparison.Ordinal) ? $"NTLM {Second}" : "NTLM";
            await RawPeer.WriteAsync(
                stream,
                who is null
                    ? $"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
                    : string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Length: {who.Length + 3}\r\n\r\nas {who}"),
                token);
        }
    }

    /// <summary>One request to 127.0.0.1 with a Host of its own, and what was measured when its connection has closed.</summary>
    private static Task<(ParityOutcome Reference, ParityOutcome Ours)> MeasureAsync(Action<ParityStage, MetricCollector> tell) =>
        ParityScenario.PlayBothAsync(async stage =>
        {
            using var meters = new TestMeterFactory();
            using var metrics = new MetricCollector(meters, "System.Net.Http");
            await using var server = new ParityServer(static _ => Reply.Ok("ok", "Connection: close"));
            using HttpMessageInvoker invoker = stage.Invoker(new { MeterFactory = meters });
            using HttpRequestMessage request = ParityStage.Get(server.Uri);
            request.Headers.Host = "first.test";
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(request, default));
            await Eventually.IsTrue(() => metrics.Count("http.client.connection.duration") == 1, "the connection has closed");
            await Eventually.IsTrue(() => metrics.Sum("http.client.open_connections") == 0, "it is counted out");
            tell(stage, metrics);
        });
}
