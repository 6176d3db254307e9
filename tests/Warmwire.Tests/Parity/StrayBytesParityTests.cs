using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Bytes a server sends behind a message in a segment of their own, which a next request must not take for its answer.</summary>
public sealed class StrayBytesParityTests
{
    private const int Rounds = 200;

    // The caller holds the thread that would see the bytes arrive, and sends again on it: only asking the socket tells.
    [Fact]
    [Trait("Issue10", "C1-stray-bytes-strict")]
    public async Task With_the_strict_setting_bytes_that_had_arrived_before_a_lease_are_never_its_answer()
    {
        PropertyInfo? strict = StrictSetting();
        Assert.True(strict is not null, "There is no strict setting that asks the socket at each lease.");
        using var handler = new PooledHttpHandler { UseProxy = false };
        strict.SetValue(handler, true);
        Assert.Equal(0, await CountWrongAsync(handler));
    }

    // What can be promised without it depends on what arrives when: of 20,000 in a worst case about as many are wrong as with .NET.
    [Fact]
    [Trait("Issue10", "C2-stray-bytes-documented")]
    public async Task What_holds_without_the_strict_setting_is_written_down_beside_it()
    {
        PropertyInfo? strict = StrictSetting();
        Assert.True(strict is not null, "There is no strict setting that asks the socket at each lease.");
        string text = await File.ReadAllTextAsync(Repository.Path("docs/reuse.md"));
        Assert.Contains(strict.Name, text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Issue10", "C3-stray-bytes-same-segment")]
    public Task Bytes_that_came_with_the_message_are_never_the_next_answer() => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering(Ok("ok") + Ok("no"));
            using HttpClient client = stage.Client();
            int wrong = 0;
            for (int i = 0; i < 50; i++)
            {
                wrong += await client.GetStringAsync(server.Uri) == "ok" ? 0 : 1;
            }

            stage.Outcome.Tell("wrong answers", wrong);
        },
        ("wrong answers", 0));

    private static PropertyInfo? StrictSetting() =>
        typeof(PooledHttpHandler).GetProperties().SingleOrDefault(property => property.PropertyType == typeof(bool)
            && (property.Name.Contains("Idle", StringComparison.Ordinal) || property.Name.Contains("Lease", StringComparison.Ordinal))
            && (property.Name.Contains("Check", StringComparison.Ordinal) || property.Name.Contains("Strict", StringComparison.Ordinal)
                || property.Name.Contains("Verif", StringComparison.Ordinal) || property.Name.Contains("Probe", StringComparison.Ordinal)));

    private static string Ok(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    private static async Task<int> CountWrongAsync(HttpMessageHandler handler)
    {
        using var sent = new SemaphoreSlim(0);
        await using var server = new RawServer(async (stream, _, token) =>
        {
            try
            {
                while (await RawPeer.ReadHeadAsync(stream, token) is { } head)
                {
                    await RawPeer.WriteAsync(stream, Ok("ok"), token);
                    if (head.StartsWith("GET /stray", StringComparison.Ordinal))
                    {
                        // on loopback it is with the client when this returns
                        stream.Socket.Send(System.Text.Encoding.ASCII.GetBytes(Ok("no")));
                        sent.Release();
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                sent.Release(); // the client closed
            }
        });
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        int wrong = 0;
        for (int i = 0; i < Rounds; i++)
        {
            using HttpResponseMessage first = await invoker.SendAsync(
                ParityStage.Get(new Uri(server.Uri, "/stray")), default).ConfigureAwait(false);
            await first.Content.ReadAsStringAsync().ConfigureAwait(false);
            Assert.True(sent.Wait(Guard.Limit)); // blocks this thread on purpose
            using HttpResponseMessage second = await invoker.SendAsync(
                ParityStage.Get(new Uri(server.Uri, "/next")), default).ConfigureAwait(false);
            wrong += await second.Content.ReadAsStringAsync().ConfigureAwait(false) == "ok" ? 0 : 1;
        }

        return wrong;
    }
}
