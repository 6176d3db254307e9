using System.Globalization;
using Warmwire.Buffers;
using Warmwire.Tests.Http2;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// What a server of HTTP/2 sends, with random damage and cut into random pieces, or any bytes at all: each request ends as it may, and
/// the client stays in step or leaves. The peer that reads the client's side judges all it says.
/// </summary>
[Collection(nameof(Alone))]
public sealed class Http2FuzzTests(ITestOutputHelper output)
{
    private const int Cases = 1500;

    // Between two halves of the cases. What one case may hold while it lasts is far more.
    private const long Slack = 2 * 1024 * 1024;

    /// <summary>In a process of its own, because failures that nobody looked at are found for the process, whosever they are.</summary>
    [Fact]
    public Task Damaged_streams_of_frames_fail_cleanly() => OwnProcess.RunAsync(typeof(Http2FuzzTests), RunAsync, output);

    private static async Task RunAsync()
    {
        using var unobserved = new UnobservedFailures();
        int first = int.Parse(Environment.GetEnvironmentVariable("WARMWIRE_FUZZ_FIRST") ?? "0", CultureInfo.InvariantCulture);
        var outcomes = new Outcomes();
        long held = 0;
        for (int half = 0; half < 2; half++)
        {
            int from = first + (half * Cases / 2);
            await Parallel.ForEachAsync(Enumerable.Range(0, 4), async (worker, _) =>
            {
                for (int seed = from + worker; seed < from + (Cases / 2); seed += 4)
                {
                    await RunCaseAsync(seed, outcomes);
                }
            });
            GC.Collect();
            GC.WaitForPendingFinalizers();
            long now = GC.GetTotalMemory(forceFullCollection: true) - BufferPool.Shared.RetainedBytes;
            Assert.True(half == 0 || now - held < Slack, $"{held:N0} bytes, then {now:N0}");
            held = now;
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{Cases} cases: {outcomes}; {held / 1024:N0} KB");

        // Each must happen, or this tests nothing.
        Assert.True(outcomes
            is { Answered: > Cases / 20, Failed: > Cases / 20, InStep: > Cases / 20, Left: > Cases / 20 }, outcomes.ToString());
        Assert.Empty(unobserved.Collect());
    }

    private static async Task RunCaseAsync(int seed, Outcomes outcomes)
    {
        var random = new Random(seed * 7_919);
        List<byte[]> frames = Http2Recording.Make(random);
        byte[] bytes = random.Next(12) == 0 ? Anything(frames, random) : Damage(frames, random);
        using var rig = new Http2Rig(transport: new MemoryTransportOptions { SupportsZeroByteReads = random.Next(2) == 0 });
        try
        {
            await RunCaseAsync(rig, bytes, random, outcomes);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"WARMWIRE_FUZZ_FIRST={seed}: {e.Message}\n{Convert.ToHexString(bytes)}", e);
        }
    }

    private static async Task RunCaseAsync(Http2Rig rig, byte[] bytes, Random random, Outcomes outcomes)
    {
        // The streams 1, 3 and 5; the last one has a body.
        Task<bool>[] requests =
        [
            OutcomeAsync(rig.Invoker.SendAsync(Http2Rig.Get("one"), CancellationToken.None), random.Next(4) == 0),
            OutcomeAsync(rig.Invoker.SendAsync(Http2Rig.Get("two"), CancellationToken.None), partly: false),
            OutcomeAsync(
                rig.Invoker.SendAsync(Http2Rig.Post(new string('b', random.Next(300)), "three"), CancellationToken.None), partly: false),
        ];
        Http2Peer peer = await rig.AcceptSilentAsync();
        (peer.MatchesAcknowledgements, peer.GivesCredit) = (false, false);
        await peer.ReadPrefaceAsync();
        bool settles = random.Next(4) != 0;
        if (settles)
        {
            await peer.SendSettingsAsync();
        }

        // Before the first SETTINGS there is only one.
        for (int i = 0; i < (settles ? requests.Length : 1); i++)
        {
            await peer.ReadRequestAsync();
        }

        Task all = Task.WhenAll(requests);
        Task others = BehaveElsewhereAsync(rig, all);

        // It goes on reading, and answers pings, until the client closes.
        Task reading = ReadAsync(peer);
        await ServeAsync(peer, bytes, random);
        if (IsWhole(bytes))
        {
            // In step it answers; otherwise it has left.
            await peer.SendPingAsync(ulong.MaxValue).ContinueWith(static _ => { }, TaskScheduler.Default);
            await Eventually.IsTrue(() => peer.ClientClosed.IsCompleted || Answers(peer) > 0, "an answer to a ping, or the end");
            Interlocked.Increment(ref Answers(peer) > 0 ? ref outcomes.InStep : ref outcomes.Left);
        }

        if (random.Next(3) == 0)
        {
            peer.Reset();
        }
        else
        {
            peer.Close();
        }

        await Guard.Within(all, () => $"the end of each request; {rig.Network}; {rig.Handler.GetSnapshot()}; {peer}");
        await Guard.Within(peer.ClientClosed, () => $"the client to close; {peer}");
        await reading;
        await others;
        foreach (Task<bool> request in requests)
        {
            Interlocked.Increment(ref await request ? ref outcomes.Answered : ref outcomes.Failed);
        }

        await Eventually.IsTrue(
            () => rig.Handler.GetSnapshot() is { Pending: 0, Dialing: 0, Active: 0 } now
            && now.Origins.Sum(static o => o.StreamsActive) == 0, "nothing is left");
    }

    private static int Answers(Http2Peer peer)
    {
        try
        {
            return peer.PingAnswers.ToArray().Count(static data => data == ulong.MaxValue);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The other flow is adding to it.
            return 0;
        }
    }

    private static async Task<bool> OutcomeAsync(Task<HttpResponseMessage> sending, bool partly)
    {
        try
        {
            using HttpResponseMessage response = await sending;
            Stream body = await response.Content.ReadAsStreamAsync();
            if (partly)
            {
                _ = await body.ReadAsync(new byte[3]);
            }
            else
            {
                await body.CopyToAsync(Stream.Null);
            }

            return true;
        }
        catch (Exception e) when (e is TransportException || (e is HttpIOException && e.InnerException is TransportException))
        {
            return false;
        }
    }

    /// <summary>What the server has not processed, or may not have got, is sent again: to a server that behaves.</summary>
    private static async Task BehaveElsewhereAsync(Http2Rig rig, Task all)
    {
        var serving = new List<Task>();
        while (!all.IsCompleted)
        {
            if (rig.Network.DialCount > serving.Count + 1)
            {
                serving.Add(ServeWellAsync(await rig.AcceptAsync([])));
            }

            await Task.Yield();
        }

        rig.Handler.CloseIdleConnections();
        await Task.WhenAll(serving);

        static async Task ServeWellAsync(Http2Peer peer)
        {
            try
            {
                while (true)
                {
                    await peer.AnswerNextAsync(200, "good");
                }
            }
            catch (EndOfStreamException)
            {
                // That was all.
            }
        }
    }

    private static async Task ReadAsync(Http2Peer peer)
    {
        try
        {
            await peer.PumpUntilAsync(static () => false, "the end");
        }
        catch (Exception e) when (e is EndOfStreamException or IOException)
        {
            // It has closed, or the case has.
        }
    }

    private static async Task ServeAsync(Http2Peer peer, byte[] bytes, Random random)
    {
        try
        {
            for (int position = 0; position < bytes.Length;)
            {
                int count = random.Next(3) == 0 ? random.Next(1, bytes.Length - position + 1)
                    : Math.Min(random.Next(1, 30), bytes.Length - position);
                await peer.SendRawAsync(bytes.AsMemory(position, count));
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
    }

    // ---- Damage -----------------------------------------------------------------------------------------------------

    /// <summary>Whether the next byte begins a frame.</summary>
    private static bool IsWhole(byte[] bytes)
    {
        int at = 0;
        while (bytes.Length - at >= PeerFrame.HeaderSize)
        {
            at += PeerFrame.HeaderSize + (bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
        }

        return at == bytes.Length;
    }

    private static byte[] Anything(List<byte[]> frames, Random random)
    {
        byte[] bytes = new byte[random.Next(1, 400)];
        random.NextBytes(bytes);
        return random.Next(2) == 0 ? bytes : [.. frames[0], .. bytes];
    }

    private static byte[] Damage(List<byte[]> frames, Random random)
    {
        // First frames as a whole.
        for (int i = random.Next(3); i > 0; i--)
        {
            int at = random.Next(frames.Count);
            int other = random.Next(frames.Count);
            switch (random.Next(4))
            {
                case 0:
                    frames.Insert(other, frames[at]);
                    break;
                case 1:
                    (frames[at], frames[other]) = (frames[other], frames[at]);
                    break;
                case 2 when frames.Count > 1:
                    frames.RemoveAt(at);
                    break;
                default: // another type, other flags or another stream
                    frames[at] = (byte[])frames[at].Clone();
                    frames[at][random.Next(3) switch { 0 => 3, 1 => 4, _ => 8 }] = (byte)random.Next(12);
                    break;
            }
        }

        // Then bytes.
        var bytes = new List<byte>(frames.SelectMany(static frame => frame));
        for (int i = random.Next(4); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3 or 4:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 5:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 6), bytes.Count - at));
                    break;
                case 6:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }

    private sealed class Outcomes
    {
        public int Answered;
        public int Failed;
        public int InStep;
        public int Left;

        public override string ToString() => $"{Answered} requests answered, {Failed} failed; {InStep} connections in step, {Left} left";
    }
}
