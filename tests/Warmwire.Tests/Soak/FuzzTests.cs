using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// Responses with random damage, cut into random pieces: the client fails in the way it promises to, or not at all, and never hangs.
/// </summary>
[Collection(nameof(Alone))]
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int Cases = 3000;

    private static readonly string[] s_valid =
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nt: v\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end",
        "HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=5, max=100\r\nSet-Cookie: a=b; path=/\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
    ];

    /// <summary>In a process of its own, because failures that nobody looked at are found for the process, whosever they are.</summary>
    [Fact]
    public Task Damaged_responses_fail_cleanly_and_the_next_request_works() => OwnProcess.RunAsync(typeof(FuzzTests), RunAsync, output);

    private static async Task RunAsync()
    {
        using var unobserved = new UnobservedFailures();
        int ok = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 4), async (worker, _) =>
        {
            for (int seed = worker; seed < Cases; seed += 4)
            {
                if (await RunCaseAsync(seed))
                {
                    Interlocked.Increment(ref ok);
                }
            }
        });

        // Both must happen, or this tests nothing.
        Assert.InRange(ok, Cases / 20, Cases * 19 / 20);
        Assert.Empty(unobserved.Collect());
    }

    /// <summary>Whether the damaged response was taken for a good one, which it may still be.</summary>
    private static async Task<bool> RunCaseAsync(int seed)
    {
        var random = new Random(seed * 7_919);
        byte[] answer = Damage(Encoding.Latin1.GetBytes(s_valid[random.Next(s_valid.Length)]), random);
        var network = new PeerNetwork(new MemoryTransportOptions { SupportsZeroByteReads = random.Next(2) == 0 });
        using PooledHttpHandler handler =
            network.CreateHandler(static handler => handler.AutomaticDecompression = System.Net.DecompressionMethods.All);
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        Task<HttpResponseMessage> sent = client.GetAsync("http://server.test/", HttpCompletionOption.ResponseHeadersRead);
        Task<bool> outcome = OutcomeAsync(sent, random.Next(4) == 0);
        Task serving = ServeAsync(await network.AcceptAsync(), answer, random);
        bool succeeded;
        try
        {
            // A redirect, or a replay, goes to a peer that behaves.
            Task good = BehaveAsync(network, outcome);
            succeeded = await Guard.Within(outcome, () => "a hang");
            await good;
            await serving;
            await FollowUpAsync(network, client);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Case {seed}: {Visible.Text(answer)}", e);
        }

        return succeeded;
    }

    private static async Task<bool> OutcomeAsync(Task<HttpResponseMessage> sent, bool partly)
    {
        try
        {
            using HttpResponseMessage response = await sent;
            if (partly)
            {
                _ = await (await response.Content.ReadAsStreamAsync()).ReadAtLeastAsync(new byte[3], 1, throwOnEndOfStream: false);
            }
            else
            {
                await response.Content.ReadAsByteArrayAsync();
            }

            return true;
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or InvalidDataException)
        {
            // InvalidDataException: what the decoders of .NET, and ours after them, say of a coding that is damaged.
            return false;
        }
    }

    private static async Task ServeAsync(ScriptedPeer peer, byte[] answer, Random random)
    {
        await peer.ReadHeadAsync();
        try
        {
            for (int position = 0; position < answer.Length;)
            {
                int count = random.Next(3) == 0 ? random.Next(1, answer.Length - position + 1)
                    : Math.Min(random.Next(1, 12), answer.Length - position);
                await peer.SendAsync(answer.AsMemory(position, count));
                position += count;
                if (random.Next(4) == 0)
                {
                    await Task.Yield();
                }
            }
        }
        catch (IOException)
        {
            // It has seen enough.
        }

        if (random.Next(5) == 0)
        {
            peer.Reset(keepDelivered: true);
        }
        else
        {
            peer.Close();
        }
    }

    /// <summary>Answers further connections until the outcome is there.</summary>
    private static async Task BehaveAsync(PeerNetwork network, Task outcome)
    {
        int dialed = 1;
        while (!outcome.IsCompleted)
        {
            if (network.DialCount > dialed)
            {
                dialed++;
                ScriptedPeer peer = await network.AcceptAsync();
                await peer.AnswerAsync(200, "good");
            }

            await Task.Yield();
        }
    }

    private static async Task FollowUpAsync(PeerNetwork network, HttpClient client)
    {
        Task<string> next = client.GetStringAsync("http://other.test/");
        ScriptedPeer peer = await network.AcceptAsync();
        await peer.AnswerAsync(200, "fine");
        Assert.Equal("fine", await Guard.Within(next, () => "the next request hangs"));
    }

    private static byte[] Damage(byte[] valid, Random random)
    {
        var bytes = new List<byte>(valid);
        for (int i = random.Next(4); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.Insert(at, (byte)"\r\n \t:;,0\0"[random.Next(9)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 6), bytes.Count - at));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
