using System.IO.Compression;
using Warmwire.Exchange;

namespace Warmwire.Tests.Exchange;

/// <summary>Compressed test data.</summary>
internal static class Compressed
{
    /// <param name="format">gzip, zlib, raw (deflate without a header) or br.</param>
    /// <param name="data">What is compressed.</param>
    /// <param name="level">NoCompression makes stored blocks.</param>
    public static byte[] Make(string format, byte[] data, CompressionLevel level = CompressionLevel.Fastest)
    {
        using MemoryStream target = new();
        using (Stream compressor = format switch
        {
            "gzip" => new GZipStream(target, level, leaveOpen: true),
            "zlib" => new ZLibStream(target, level, leaveOpen: true),
            "raw" => new DeflateStream(target, level, leaveOpen: true),
            _ => new BrotliStream(target, level, leaveOpen: true),
        })
        {
            compressor.Write(data);
        }

        return target.ToArray();
    }

    /// <summary>Data that compresses somewhat.</summary>
    public static byte[] Sample(int length, int seed = 1)
    {
        Random random = new(seed);
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++)
        {
            data[i] = (byte)(random.Next(10) < 7 && i > 40 ? data[i - 40] : random.Next(256));
        }

        return data;
    }

    public static ContentCoding CodingOf(string format) => format switch
    {
        "gzip" => ContentCoding.Gzip,
        "br" => ContentCoding.Brotli,
        _ => ContentCoding.Deflate,
    };
}
