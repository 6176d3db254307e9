using System.Text;
using Warmwire.Tests.Kit.Http2;

namespace Warmwire.Tests.Soak;

/// <summary>All that a server sends for three requests, frame by frame, with a bit of everything that is allowed.</summary>
internal static class Http2Recording
{
    public static List<byte[]> Make(Random random)
    {
        var frames = new List<PeerFrame>
        {
            PeerFrame.Settings(
                (PeerSetting.MaxConcurrentStreams, 100), (PeerSetting.InitialWindowSize, 100_000), (PeerSetting.HeaderTableSize, 2000)),
            new(FrameType.Settings, FrameFlags.Ack, 0, []),
        };
        List<PeerFrame>[] answers = [Answer(1, random), Answer(3, random), Answer(5, random)];

        // In turn, a header block in one piece.
        while (answers.Any(static answer => answer.Count > 0))
        {
            List<PeerFrame> answer = answers[random.Next(answers.Length)];
            bool inBlock = false;
            while (answer.Count > 0)
            {
                frames.Add(answer[0]);
                inBlock = answer[0].Type is FrameType.Headers or FrameType.Continuation && !answer[0].Has(FrameFlags.EndHeaders);
                answer.RemoveAt(0);
                if (!inBlock)
                {
                    break;
                }
            }

            if (!inBlock && random.Next(6) == 0)
            {
                frames.Add(Aside(random));
            }
        }

        return [.. frames.Select(static frame => frame.ToBytes())];
    }

    private static List<PeerFrame> Answer(int streamId, Random random)
    {
        var frames = new List<PeerFrame>();
        if (random.Next(5) == 0)
        {
            frames.AddRange(Block(streamId, HpackWriter.Block([(":status", "103"), ("link", "</a>")]), endStream: false, random));
        }

        byte[] body = Encoding.ASCII.GetBytes(new string('x', random.Next(4) == 0 ? 0 : random.Next(400)));
        bool trailers = random.Next(3) == 0;
        byte[] head =
            [.. HpackWriter.Indexed(8), .. HpackWriter.Indexing("x-a", "1"), .. HpackWriter.Indexing(54, "peer"),
            .. HpackWriter.Indexed(62), .. HpackWriter.Literal("content-length", $"{body.Length}")];
        frames.AddRange(Block(streamId, head, body.Length == 0 && !trailers, random));
        for (int at = 0; at < body.Length;)
        {
            int count = Math.Min(random.Next(1, 200), body.Length - at);
            byte[] payload = body[at..(at + count)];
            at += count;
            byte flags = at == body.Length && !trailers ? FrameFlags.EndStream : FrameFlags.None;
            if (random.Next(4) == 0)
            {
                flags |= FrameFlags.Padded;
                payload = [3, .. payload, 0, 0, 0];
            }

            frames.Add(new PeerFrame(FrameType.Data, flags, streamId, payload));
        }

        if (trailers)
        {
            frames.AddRange(Block(streamId, HpackWriter.Block([("x-sum", "6")]), endStream: true, random));
        }

        return frames;
    }

    private static IEnumerable<PeerFrame> Block(int streamId, byte[] block, bool endStream, Random random)
    {
        var framing = new HeaderFraming
        {
            PiecesOf = random.Next(3) == 0 ? random.Next(3, 20) : 16_000,
            Padding = random.Next(4) == 0 ? (byte)random.Next(20) : null,
            Priority = random.Next(6) == 0,
        };
        return framing.Cut(streamId, block, endStream);
    }

    private static PeerFrame Aside(Random random) => random.Next(8) switch
    {
        0 => PeerFrame.Ping(7),
        1 => PeerFrame.Settings((PeerSetting.InitialWindowSize, (uint)random.Next(100_000))),
        2 => PeerFrame.WindowUpdate(0, 1000),
        3 => PeerFrame.WindowUpdate(1 + (2 * random.Next(3)), 1000),
        4 => PeerFrame.Rst(1 + (2 * random.Next(3)), random.Next(2) == 0 ? Http2ErrorCode.RefusedStream : Http2ErrorCode.InternalError),
        5 => PeerFrame.GoAway(1 + (2 * random.Next(3)), Http2ErrorCode.NoError, "bye"u8.ToArray()),
        6 => new PeerFrame(FrameType.Priority, 0, 1, [0, 0, 0, 0, 1]),
        _ => new PeerFrame((FrameType)0x42, 3, 9, [1, 2, 3]),
    };
}
