using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Authentication;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers.Http2;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Servers;

/// <summary>Credentials against Kestrel and apache2, over sockets and TLS.</summary>
public sealed class AuthenticationTests
{
    private static readonly NetworkCredential s_credential = new("u", "p");

    [Theory]
    [InlineData("Basic realm=\"a\"", false)]
    [InlineData("Basic realm=\"a\"", true)]
    [InlineData("Digest realm=\"a\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256", true)]
    public async Task Requests_over_HTTP_2_are_answered_side_by_side(string challenge, bool preAuthenticate)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            context => AnswerAsync(context, challenge), new KestrelServerSettings { Protocols = HttpProtocols.Http2 });
        using var handler = new PooledHttpHandler
        {
            UseProxy = false, Credentials = s_credential, PreAuthenticate = preAuthenticate, SslOptions = TestCertificates.Trusting(),
        };
        using var client = new HttpClient(handler)
        {
            DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        for (int round = 0; round < 3; round++)
        {
            HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(
                i => client.PostAsync(new Uri(server.HttpsUri, $"dir/{i}"), new ByteArrayContent(new byte[10_000]))));
            Assert.All(responses, static response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
            Assert.All(responses, static response => response.Dispose());
        }

        // Asked in the first round, perhaps; after that only where nothing is sent unasked.
        Assert.InRange(server.Requests, preAuthenticate ? 151 : 300, preAuthenticate ? 200 : 300);
        Assert.Equal(1, server.Connections);
    }

    /// <summary>A server of HTTP/2 that wants NTLM is answered with HTTP/1.1, where the request permits.</summary>
    [Fact]
    public async Task A_request_that_may_be_HTTP_1_1_leaves_HTTP_2_for_a_connection_of_its_own()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(
            new NtlmServer().AnswerAsync, new KestrelServerSettings { Protocols = HttpProtocols.Http1AndHttp2 });
        var negotiations = new ScriptedNegotiations { SaysName = true };
        using var handler = new PooledHttpHandler
        {
            UseProxy = false, Credentials = s_credential, SslOptions = TestCertificates.Trusting(), Negotiations = negotiations,
        };
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20 };
        using (HttpResponseMessage response = await client.GetAsync(new Uri(server.HttpsUri, "u/1")))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(HttpVersion.Version11, response.Version);
        }

        // Bound to the channel: what a man in the middle gets is of no use elsewhere.
        NegotiationOptions begun = Assert.Single(negotiations.Begun);
        Assert.Equal("HTTP/localhost", begun.TargetName);
        Assert.NotNull(begun.Binding);
        Assert.True(begun.Binding.Size > 0);

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.HttpsUri, "u/2"))
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage exact = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, exact.StatusCode);
        Assert.Equal(HttpVersion.Version20, exact.Version);
    }

    /// <summary>
    /// Each connection is one user's, from its first message to its end, whatever comes at once: cancellations, bodies, closes.
    /// </summary>
    [Fact]
    public async Task No_request_is_ever_sent_on_the_connection_of_another_user()
    {
        var ntlm = new NtlmServer { ClosesSome = true };
        await using KestrelServer server = await KestrelServer.StartAsync(ntlm.AnswerAsync);
        var cache = new CredentialCache();
        string[] users = ["a", "b", "c", "d"];
        foreach (string user in users)
        {
            cache.Add(new Uri(server.HttpUri, user + "/"), "NTLM", new NetworkCredential(user, "p"));
        }

        var negotiations = new ScriptedNegotiations { SaysName = true };
        using var handler = new PooledHttpHandler
        {
            UseProxy = false, Credentials = cache, MaxConnectionsPerServer = 3, Negotiations = negotiations,
        };
        using var client = new HttpClient(handler);
        int served = 0;
        await Task.WhenAll(Enumerable.Range(0, 24).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 40; i++)
            {
                using var cancel = new CancellationTokenSource();
                using var request = new HttpRequestMessage(
                    random.Next(3) == 0 ? HttpMethod.Put : HttpMethod.Get, new Uri(server.HttpUri, $"{users[random.Next(4)]}/{i}"));
                request.Content = request.Method == HttpMethod.Put ? new ByteArrayContent(new byte[random.Next(50_000)]) : null;
                Task<HttpResponseMessage> sending = client.SendAsync(request, cancel.Token);
                if (random.Next(6) == 0)
                {
                    await Task.Yield();
                    await cancel.CancelAsync();
                }

                try
                {
                    using HttpResponseMessage response = await sending;
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                    Interlocked.Increment(ref served);
                }
                catch (OperationCanceledException) when (cancel.IsCancellationRequested)
                {
                    // As asked.
                }
            }
        })));

        Assert.Empty(ntlm.Wrong);
        Assert.InRange(served, 24 * 20, 24 * 40);
        await Eventually.IsTrue(() => negotiations.Open == 0, "all negotiations are disposed");
        await Eventually.IsTrue(
            () => handler.GetSnapshot().Origins.All(static origin => origin.Open == origin.Idle && origin.Pending == 0),
            "nothing is held");
        Assert.Equal(0, handler.GetSnapshot().Origins.Sum(static origin => origin.LeakedResponses));
    }

    [Theory]
    [InlineData("basic")]
    [InlineData("digest")]
    [InlineData("often")] // each response brings the next nonce
    public async Task Apache_takes_what_is_sent(string place)
    {
        await using ChildServer apache = await StartApacheAsync();
        using var handler = new PooledHttpHandler { UseProxy = false, Credentials = s_credential, PreAuthenticate = true };
        using var client = new HttpClient(handler) { BaseAddress = apache.Uri };
        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage response = await client.GetAsync($"{place}/small?i={i}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("small", await response.Content.ReadAsStringAsync());
            Assert.True(response.GetConnectionInfo()!.Reused, "the answer goes where the challenge came from");
        }

        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetAsync($"{place}/small")));
        Assert.All(responses, static response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));

        using var wrong = new HttpClient(new PooledHttpHandler { UseProxy = false, Credentials = new NetworkCredential("u", "x") });
        using HttpResponseMessage refused = await wrong.GetAsync(new Uri(apache.Uri, place + "/small"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    /// <summary>The same requests, and no more of them than .NET needs.</summary>
    [Theory]
    [InlineData("basic")]
    [InlineData("digest")]
    [InlineData("often")]
    public async Task Apache_sees_no_more_requests_than_from_NET(string place)
    {
        string log = Path.GetTempFileName();
        await using ChildServer apache = await StartApacheAsync(log);
        int reference = await CountAsync(new SocketsHttpHandler { UseProxy = false, Credentials = s_credential, PreAuthenticate = true });
        int ours = await CountAsync(new PooledHttpHandler { UseProxy = false, Credentials = s_credential, PreAuthenticate = true });
        Assert.InRange(ours, 5, reference);
        File.Delete(log);

        async Task<int> CountAsync(HttpMessageHandler handler)
        {
            using var client = new HttpClient(handler) { BaseAddress = apache.Uri };
            int before = Lines();
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal("small", await client.GetStringAsync($"{place}/small"));
            }

            return Lines() - before;
        }

        int Lines() => File.ReadAllLines(log).Length;
    }

    private static Task<ChildServer> StartApacheAsync(string log = "/dev/null") => ChildServer.StartAsync(
        "apache2", tls: false, (directory, port) => ConfigureApache(directory, port, log));

    private static string[] ConfigureApache(string directory, int port, string log)
    {
        // It refuses to serve as root, and whom it serves as must be able to read the files.
        string user = Environment.IsPrivilegedProcess ? "User www-data\nGroup www-data" : "";
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        string modules = string.Join('\n', new[]
            {
                "mpm_event", "authn_core", "authz_core", "authz_user", "authn_file", "auth_basic", "auth_digest", "alias",
            }.Select(static name => $"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"));
        File.WriteAllText($"{directory}/basic", $"u:{{SHA}}{Convert.ToBase64String(Hash(HashAlgorithmName.SHA1, "p"))}\n");
        string digest = Convert.ToHexStringLower(Hash(HashAlgorithmName.MD5, "u:private place:p"));
        File.WriteAllText($"{directory}/digest", $"u:private place:{digest}\n");
        File.WriteAllText($"{directory}/conf", $"""
            {modules}
            {user}
            ServerRoot {directory}
            ServerName localhost
            PidFile {directory}/pid
            DefaultRuntimeDir {directory}
            ErrorLog /dev/stderr
            CustomLog {log} "%r %>s"
            Listen 127.0.0.1:{port}
            DocumentRoot {directory}/files
            Alias /basic {directory}/files
            Alias /digest {directory}/files
            Alias /often {directory}/files
            <Location /basic>
              AuthType Basic
              AuthName "private, \"place\""
              AuthUserFile {directory}/basic
              Require valid-user
            </Location>
            <Location /digest>
              AuthType Digest
              AuthName "private place"
              AuthUserFile {directory}/digest
              Require valid-user
            </Location>
            <Location /often>
              AuthType Digest
              AuthName "private place"
              AuthUserFile {directory}/digest
              AuthDigestNonceLifetime 20
              Require valid-user
            </Location>
            """);
        return ["-D", "FOREGROUND", "-f", $"{directory}/conf"];
    }

    /// <summary>As apache2 has it in its files.</summary>
    private static byte[] Hash(HashAlgorithmName name, string text) =>
        CryptographicOperations.HashData(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Wherever the program's code throws in a negotiation, no connection is lost: there is but one of each kind.</summary>
    [Theory]
    [InlineData("credentials", 1)] // asked once
    [InlineData("length", 1)]
    [InlineData("body", 3)] // the first request, and each message
    public async Task Code_that_throws_between_the_messages_loses_no_connection(string where, int places)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(new NtlmServer().AnswerAsync);
        int threw = 0;
        for (int at = 1; ; at++)
        {
            Assert.InRange(at, 1, 50);
            var trap = new Trap(at);
            using var handler = new PooledHttpHandler
            {
                UseProxy = false,
                Credentials = new TrappedCredentials(where == "credentials" ? trap : null),
                Negotiations = new ScriptedNegotiations { SaysName = true },
                MaxConnectionsPerServer = 1,
                PendingRequestTimeout = TimeSpan.FromSeconds(20),
            };
            using var client = new HttpClient(handler);
            using var content = new TrappedContent(where == "length" ? trap : null, where == "body" ? trap : null);
            try
            {
                using HttpResponseMessage response = await client.PostAsync(new Uri(server.HttpUri, "u/1"), content);
                Assert.Equal(trap.Sprung, response.StatusCode != HttpStatusCode.OK);
            }
            catch (Exception e) when (e is HttpRequestException or InvalidOperationException)
            {
                Assert.True(trap.Sprung, e.ToString());
            }

            bool sprung = trap.Sprung;
            trap.Disarm();
            using HttpResponseMessage after = await client.PostAsync(new Uri(server.HttpUri, "u/2"), new ByteArrayContent(new byte[10]));
            Assert.Equal(HttpStatusCode.OK, after.StatusCode);
            await Eventually.IsTrue(
                () => handler.GetSnapshot().Origins.Sum(static origin => origin.Active) == 0, "all connections are given back");
            if (!sprung)
            {
                break;
            }

            threw++;
        }

        Assert.True(threw >= places, $"It threw at {threw} places only.");
    }

    private static async Task AnswerAsync(HttpContext context, string challenge)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        if (context.Request.Headers.Authorization.Count == 0)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = challenge;
            await context.Response.Body.WriteAsync(new byte[5_000]);
        }
    }

    /// <summary>Two messages authenticate a connection; after that its requests are its user's, whom the path names.</summary>
    private sealed class NtlmServer
    {
        private readonly ConcurrentDictionary<string, string> _users = new(StringComparer.Ordinal);
        private int _answers;

        public bool ClosesSome { get; init; }

        public ConcurrentQueue<string> Wrong { get; } = [];

        public async Task AnswerAsync(HttpContext context)
        {
            string wanted = context.Request.Path.Value!.Split('/')[1];
            string connection = context.Connection.Id;
            string said = context.Request.Headers.Authorization.ToString();
            await context.Request.Body.CopyToAsync(Stream.Null);
            if (context.Request.Protocol != "HTTP/1.1" || (said.Length == 0 && !_users.ContainsKey(connection)))
            {
                Refuse(context, "NTLM");
            }
            else if (said.StartsWith("NTLM c1", StringComparison.Ordinal))
            {
                Refuse(context, "NTLM s1");
            }
            else
            {
                string user = said.Length == 0 ? _users[connection] : said["NTLM c2.".Length..];
                string known = _users.GetOrAdd(connection, user);
                if (known != user || user != wanted)
                {
                    Wrong.Enqueue($"{context.Request.Path} on the connection of {known}, as {user}");
                }

                if (ClosesSome && Interlocked.Increment(ref _answers) % 17 == 0)
                {
                    context.Response.Headers.Connection = "close";
                }

                await context.Response.Body.WriteAsync(new byte[_answers % 3 * 5_000]);
            }
        }

        private static void Refuse(HttpContext context, string challenge)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = challenge;
        }
    }

    /// <summary>Throws at the n-th call.</summary>
    private sealed class Trap(int at)
    {
        private int _left = at;

        public bool Sprung { get; private set; }

        public void Step()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                Sprung = true;
                throw new InvalidOperationException("the program's own");
            }
        }

        public void Disarm() => _left = 0;
    }

    private sealed class TrappedCredentials(Trap? trap) : ICredentials
    {
        public NetworkCredential? GetCredential(Uri uri, string authType)
        {
            trap?.Step();
            return authType == "NTLM" ? s_credential : null;
        }
    }

    /// <summary>Can be produced again, as its base says.</summary>
    private sealed class TrappedContent(Trap? ofLength, Trap? ofBody) : ByteArrayContent(new byte[1_000])
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            ofBody?.Step();
            return base.SerializeToStreamAsync(stream, context, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            ofLength?.Step();
            return base.TryComputeLength(out length);
        }
    }
}
