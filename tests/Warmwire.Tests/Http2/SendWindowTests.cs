using System.Threading.Channels;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>
/// Many uploads and the peer's windows. That none passes a window is what the peer itself sees to; here it is that what may be sent is
/// sent, and no credit lost.
/// </summary>
public class SendWindowTests
{
    public enum Act
    {
        Start,

        /// <summary>The content has more to say.</summary>
        Push,
        StreamCredit,
        ConnectionCredit,
        InitialWindow,
        PeerResets,
        CallerGivesUp,
        Look,
    }

    public sealed record Step(Act Act, int Upload, int Amount);

    [Fact]
    public void Whatever_windows_open_and_uploads_end_all_that_may_be_sent_is_sent()
    {
        Gen<int> amounts = Gen.OneOf(Gen.Choose(1, 100), Gen.Choose(1, 20_000), Gen.Choose(1, 100_000));
        Gen<Step> steps = Gen.Frequency(
            (3, Gen.Constant(Act.Start)), (6, Gen.Constant(Act.Push)), (3, Gen.Constant(Act.StreamCredit)),
            (3, Gen.Constant(Act.ConnectionCredit)),
            (1, Gen.Constant(Act.InitialWindow)), (1, Gen.Constant(Act.PeerResets)), (1, Gen.Constant(Act.CallerGivesUp)),
            (3, Gen.Constant(Act.Look)))
            .SelectMany(act => Gen.Choose(0, 5).SelectMany(upload => amounts.Select(amount => new Step(act, upload, amount))));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(60).WithQuietOnSuccess(true),
            Prop.ForAll(
                Arb.From(steps.ListOf().Resize(60).Select(list => list.ToArray()), Shrink),
                run => PlayAsync(run).GetAwaiter().GetResult()));
    }

    [Fact]
    public async Task An_upload_that_pauses_does_not_keep_what_others_wait_for()
    {
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 1 << 20));
        peer.GivesCredit = false;
        OpenRequest large = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[500_000])));
        await ReceiveAsync(peer, large.StreamId, PeerWindows.Default);

        // Four that say one byte each, for which there is no window, and then nothing for long.
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = new List<OpenRequest>();
        for (int i = 0; i < 4; i++)
        {
            slow.Add(await rig.OpenAsync(peer, Http2Rig.Post(new PushContent(async stream =>
            {
                await stream.WriteAsync(new byte[1]);
                await end.Task;
            }))));
        }

        await peer.RoundTripAsync();
        const int Credit = 5 * 16_384;
        await peer.SendWindowUpdateAsync(0, Credit);
        foreach (OpenRequest open in slow)
        {
            await ReceiveAsync(peer, open.StreamId, 1);
        }

        await ReceiveAsync(peer, large.StreamId, Credit - slow.Count);
        await peer.SendWindowUpdateAsync(0, 500_000);
        end.SetResult();
        foreach (OpenRequest open in slow.Append(large))
        {
            await peer.ReadBodyAsync(open.StreamId);
            await open.AnswerAsync();
        }
    }

    [Fact]
    public async Task Uploads_share_a_narrow_window_evenly()
    {
        const int Uploads = 6;
        using var rig = new Http2Rig();
        Http2Peer peer = await rig.WarmUpAsync((PeerSetting.InitialWindowSize, 1 << 20));
        peer.GivesCredit = false;
        OpenRequest first = await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[PeerWindows.Default])));
        await peer.ReadBodyAsync(first.StreamId);
        await first.AnswerAsync();
        var uploads = new List<OpenRequest>();
        for (int i = 0; i < Uploads; i++)
        {
            uploads.Add(await rig.OpenAsync(peer, Http2Rig.Post(new ByteArrayContent(new byte[1 << 20]))));
        }

        await peer.RoundTripAsync();
        Dictionary<int, int> received = uploads.ToDictionary(open => open.StreamId, _ => 0);
        const int Rounds = 120;
        for (int round = 1; round <= Rounds; round++)
        {
            await peer.SendWindowUpdateAsync(0, 4096);
            while (received.Values.Sum() < round * 4096)
            {
                PeerFrame data = await peer.NextAsync(frame => frame.Type == FrameType.Data, "DATA");
                received[data.StreamId] += data.Payload.Length;
            }
        }

        Assert.All(received.Values, bytes => Assert.InRange(bytes, Rounds / Uploads * 4096 * 3 / 4, Rounds / Uploads * 4096 * 5 / 4));
    }

    private static IEnumerable<Step[]> Shrink(Step[] steps) =>
        Enumerable.Range(0, steps.Length).Select(skipped => steps.Where((_, index) => index != skipped).ToArray());

    private static async Task ReceiveAsync(Http2Peer peer, int streamId, int bytes)
    {
        for (int received = 0; received < bytes;)
        {
            received += (await peer.ReadDataAsync(streamId)).Payload.Length;
            Assert.InRange(received, 0, bytes);
        }
    }

    private static async Task PlayAsync(Step[] steps)
    {
        using var rig = new Http2Rig(handler => handler.ReplayPolicy = ReplayPolicy.Never);
        Http2Peer peer = await rig.WarmUpAsync();
        peer.GivesCredit = false;
        var uploads = new List<Upload>();
        foreach (Step step in steps)
        {
            await PlayAsync(step);
        }

        // The rest, with exactly the credit it needs and a bit; what a reset upload still had on the way is off the window by then.
        await peer.RoundTripAsync();
        uploads.ForEach(upload => upload.End());
        long missing = uploads.Where(upload => !upload.IsOver).Sum(upload => (long)upload.Pushed - upload.Received);
        await peer.SendSettingsAsync((PeerSetting.InitialWindowSize, 4_000_000));
        await peer.SendWindowUpdateAsync(0, (int)Math.Max(1, missing - peer.ReceiveWindows[0] + 5000));
        await LookUntilAsync(() => uploads.All(upload => upload.IsOver || upload.HasEnded), "all uploads end");
        foreach (Upload upload in uploads.Where(upload => !upload.IsOver))
        {
            Assert.Equal(upload.Pushed, upload.Received);
            await upload.Request.AnswerAsync();
            upload.IsOver = true;
        }

        // What was given to those that are gone, by whatever way, is there for the next.
        Upload last = await StartAsync(peer.ReceiveWindows[0] + 1000);
        await LookUntilAsync(() => peer.ReceiveWindows[0] == 0, "the window is used up");
        Assert.Equal(last.Pushed - 1000, last.Received);
        await peer.SendWindowUpdateAsync(0, 1000);
        last.End();
        await LookUntilAsync(() => last.HasEnded, "the last upload ends");
        await last.Request.AnswerAsync();
        rig.AssertOneOpen();

        async Task PlayAsync(Step step)
        {
            Upload? upload = uploads.Count == 0 ? null : uploads[step.Upload % uploads.Count];
            switch (step.Act)
            {
                case Act.Start when uploads.Count(upload => !upload.IsOver) < 6:
                    await StartAsync(step.Upload % 2 == 0 ? 0 : step.Amount);
                    break;
                case Act.Push when upload is { IsOver: false }:
                    upload.Push(step.Amount);
                    break;
                case Act.StreamCredit when upload is { IsOver: false }:
                    await peer.SendWindowUpdateAsync(upload.Request.StreamId, step.Amount);
                    break;
                case Act.ConnectionCredit:
                    await peer.SendWindowUpdateAsync(0, step.Amount);
                    break;
                case Act.InitialWindow:
                    await peer.SendSettingsAsync((PeerSetting.InitialWindowSize, (uint)step.Amount));
                    break;
                case Act.PeerResets when upload is { IsOver: false }:
                    upload.IsOver = true;
                    await peer.SendRstAsync(upload.Request.StreamId, Http2ErrorCode.Cancel);
                    await rig.FailsAsync(upload.Request.Sending, HttpRequestError.HttpProtocolError, Http2ErrorCode.Cancel);
                    upload.End();
                    break;
                case Act.CallerGivesUp when upload is { IsOver: false }:
                    upload.IsOver = true;
                    await upload.GiveUp.CancelAsync();
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => upload.Request.Sending);
                    upload.End();
                    break;
                case Act.Look:
                    // A body stops only at its own end, its own window or the connection's.
                    await LookUntilAsync(
                        () => uploads.All(upload =>
                            upload.IsOver || upload.Received == upload.Pushed || peer.ReceiveWindows[0] == 0
                            || peer.ReceiveWindows[upload.Request.StreamId] <= 0),
                        "what may be sent is sent");
                    break;
                default:
                    break;
            }
        }

        async Task<Upload> StartAsync(long bytes)
        {
            var upload = new Upload();
            if (bytes > 0)
            {
                upload.Push((int)bytes);
            }

            upload.Request = await rig.OpenAsync(peer, Http2Rig.Post(new PushContent(upload.WriteAsync)), upload.GiveUp.Token);
            uploads.Add(upload);
            return upload;
        }

        async Task LookUntilAsync(Func<bool> condition, string what) =>
            await Guard.Within(LookAsync(condition), () => $"{what}; window {peer.ReceiveWindows[0]}; {peer}");

        async Task LookAsync(Func<bool> condition)
        {
            while (true)
            {
                await peer.RoundTripAsync();
                while (peer.Waiting.Any(frame => frame.Type == FrameType.Data))
                {
                    PeerFrame data = await peer.NextAsync(frame => frame.Type == FrameType.Data, "DATA");
                    uploads.Single(upload => upload.Request.StreamId == data.StreamId).Take(data);
                }

                if (condition())
                {
                    return;
                }

                // Contents run on threads of their own. A peer that pings on must not be a flood, so time goes by.
                rig.Time.Advance(TimeSpan.FromMilliseconds(20));
                await Task.Yield();
            }
        }
    }

    /// <summary>A content that says what the test pushes, and what of it has arrived.</summary>
    private sealed class Upload
    {
        private readonly Channel<int> _pieces = Channel.CreateUnbounded<int>();

        public OpenRequest Request { get; set; } = null!;

        public CancellationTokenSource GiveUp { get; } = new();

        public int Pushed { get; private set; }

        public int Received { get; private set; }

        public bool HasEnded { get; private set; }

        /// <summary>Answered, reset or given up.</summary>
        public bool IsOver { get; set; }

        public void Push(int bytes)
        {
            Pushed += bytes;
            _pieces.Writer.TryWrite(bytes);
        }

        public void End() => _pieces.Writer.TryComplete();

        public async Task WriteAsync(Stream stream)
        {
            int position = 0;
            await foreach (int bytes in _pieces.Reader.ReadAllAsync())
            {
                await stream.WriteAsync(Bytes(position, bytes));
                position += bytes;
            }
        }

        public void Take(PeerFrame data)
        {
            Assert.Equal(Bytes(Received, data.Payload.Length), data.Payload);
            Received += data.Payload.Length;
            HasEnded |= data.EndStream;
        }

        private static byte[] Bytes(int position, int count)
        {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++)
            {
                bytes[i] = (byte)((position + i) % 251);
            }

            return bytes;
        }
    }
}
