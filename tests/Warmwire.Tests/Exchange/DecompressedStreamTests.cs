using System.IO.Compression;
using System.Text;
using Warmwire.Exchange;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class DecompressedStreamTests
{
    public static TheoryData<string> Formats => ["gzip", "zlib", "raw", "br"];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_whole_body_comes_out_whole_however_it_is_cut_into_pieces(string format)
    {
        CompressionLevel[] levels = [CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.SmallestSize];
        foreach (CompressionLevel level in levels)
        {
            foreach (int length in new[] { 1, 2, 100, 8191, 8192, 8193, 70_000 })
            {
                byte[] data = Compressed.Sample(length);
                byte[] body = Compressed.Make(format, data, level);
                foreach (int piece in new[] { 1, 2, 7, 4096, 8192, int.MaxValue })
                {
                    foreach (int buffer in new[] { 1, 13, 4096, length, length + 1 })
                    {
                        if (length > 10_000 && (piece < 100 || buffer < 100))
                        {
                            continue;
                        }

                        OneWayStream source = new(body, piece);
                        (byte[] result, Exception? thrown) = await ReadAll(source, format, buffer, async: (piece + buffer) % 2 == 0);
                        Assert.Null(thrown);
                        Assert.Equal(data, result);
                        Assert.Equal(1, source.EndsTold);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_body_cut_short_anywhere_is_an_error_and_never_an_end(string format)
    {
        foreach ((int length, CompressionLevel level) in new[]
        {
            (0, CompressionLevel.Fastest), (1, CompressionLevel.Fastest), (300, CompressionLevel.NoCompression),
            (300, CompressionLevel.Fastest), (3000, CompressionLevel.SmallestSize),
        })
        {
            byte[] data = Compressed.Sample(length);
            byte[] body = Compressed.Make(format, data, level);
            for (int cut = 1; cut < body.Length; cut++)
            {
                OneWayStream source = new(body[..cut], piece: cut % 3 == 0 ? int.MaxValue : cut % 50 + 1);
                (byte[] result, Exception? thrown) = await ReadAll(source, format, buffer: cut % 7 == 0 ? 1 : 4096, async: cut % 2 == 0);
                HttpIOException error = Assert.IsType<HttpIOException>(thrown);
                Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
                Assert.True(data.AsSpan().StartsWith(result), $"{format} {length} {cut}");
                Assert.Equal(1, source.EndsTold);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_body_cut_short_stays_an_error(string format)
    {
        byte[] body = Compressed.Make(format, Compressed.Sample(3000));
        DecompressedStream stream = new(new OneWayStream(body[..^1]), Compressed.CodingOf(format));
        await Assert.ThrowsAsync<HttpIOException>(() => stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<HttpIOException>(() => stream.ReadAsync(new byte[10], 0, 10, TestContext.Current.CancellationToken));
        Assert.Throws<HttpIOException>(() => stream.Read(new byte[10]));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zlib")]
    [InlineData("br")]
    public async Task A_corrupt_body_is_invalid_data(string format)
    {
        (_, Exception? thrown) = await ReadAll(
            new OneWayStream(Encoding.ASCII.GetBytes("this is not compressed at all, is it")), format, 100, async: true);
        Assert.IsType<InvalidDataException>(thrown);
        (_, thrown) = await ReadAll(
            new OneWayStream(Encoding.ASCII.GetBytes("this is not compressed at all, is it")), format, 100, async: false);
        Assert.IsType<InvalidDataException>(thrown);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zlib")]
    public async Task A_wrong_check_sum_is_not_passed_over(string format)
    {
        for (int fromEnd = 1; fromEnd <= 4; fromEnd++)
        {
            byte[] body = Compressed.Make(format, Compressed.Sample(3000));
            body[^fromEnd] ^= 0xFF;
            (_, Exception? thrown) = await ReadAll(new OneWayStream(body), format, 4096, async: true);
            Assert.True(thrown is InvalidDataException or HttpIOException, $"{format} {fromEnd} {thrown}");
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task An_empty_body_is_an_empty_content(string format)
    {
        foreach (bool async in new[] { false, true })
        {
            (byte[] result, Exception? thrown) = await ReadAll(new OneWayStream([]), format, 100, async);
            Assert.Null(thrown);
            Assert.Empty(result);
        }
    }

    [Fact]
    public async Task Members_of_gzip_follow_one_another()
    {
        byte[] one = Compressed.Sample(5000, 1);
        byte[] two = Compressed.Sample(100, 2);
        byte[] member = Compressed.Make("gzip", one);
        byte[] body = [.. member, .. Compressed.Make("gzip", two), .. Compressed.Make("gzip", one)];
        foreach (int piece in new[] { 1, member.Length, int.MaxValue })
        {
            (byte[] result, Exception? thrown) = await ReadAll(new OneWayStream(body, piece), "gzip", 4096, async: true);
            Assert.Null(thrown);
            Assert.Equal([.. one, .. two, .. one], result);
        }

        // One byte more than a member is junk, two are the beginning of another.
        for (int cut = member.Length + 2; cut < member.Length + 30; cut++)
        {
            (_, Exception? thrown) = await ReadAll(new OneWayStream(body[..cut], 1000), "gzip", 4096, async: false);
            Assert.IsType<HttpIOException>(thrown);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Bytes_after_the_compressed_data_are_ignored_but_read(string format)
    {
        byte[] data = Compressed.Sample(3000);
        byte[] compressed = Compressed.Make(format, data);
        byte[][] tails = [[0], new byte[20], new byte[20_000], [0xFF], Encoding.ASCII.GetBytes("junk"), [0xFF, 0x1F, 0x8B, 8]];
        foreach (byte[] tail in tails)
        {
            byte[] body = [.. compressed, .. tail];
            foreach (int piece in new[] { 1, 100, compressed.Length, int.MaxValue })
            {
                foreach (bool async in new[] { false, true })
                {
                    OneWayStream source = new(body, piece);
                    (byte[] result, Exception? thrown) = await ReadAll(source, format, 4096, async);
                    Assert.Null(thrown);
                    Assert.Equal(data, result);
                    Assert.Equal(body.Length, source.Delivered);
                    Assert.Equal(1, source.EndsTold);
                }
            }
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Endless_bytes_after_the_compressed_data_are_not_waited_for(string format)
    {
        byte[] data = Compressed.Sample(3000);
        byte[] body = [.. Compressed.Make(format, data), .. new byte[1_000_000]];
        OneWayStream source = new(body, 1000);
        (byte[] result, Exception? thrown) = await ReadAll(source, format, 4096, async: true);
        Assert.Null(thrown);
        Assert.Equal(data, result);
        Assert.InRange(source.Delivered, DecompressedStream.MaxBytesAfterEnd, 2 * DecompressedStream.MaxBytesAfterEnd + 70_000);
    }

    [Fact]
    public async Task A_failure_of_the_body_below_passes_through_and_even_after_the_data()
    {
        byte[] whole = Compressed.Make("zlib", Compressed.Sample(3000));
        foreach (byte[] body in new[] { whole, whole[..^100], [] })
        {
            Exception[] failures = [new IOException("reset"), new InvalidDataException("mine"), new InvalidOperationException("mine")];
            foreach (Exception failure in failures)
            {
                foreach (string format in new[] { "zlib", "br" })
                {
                    (_, Exception? thrown) = await ReadAll(
                        new OneWayStream(format == "br" ? [] : body, 100) { EndsWith = failure }, format, 4096, async: format == "zlib");
                    Assert.Same(failure, thrown);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Cancelling_ends_a_read_that_waits(string format)
    {
        byte[] body = Compressed.Make(format, Compressed.Sample(3000));
        foreach (int delivered in new[] { 0, 1, 1000, body.Length })
        {
            using DecompressedStream stream = new(new OneWayStream(body[..delivered]) { Hangs = true }, Compressed.CodingOf(format));
            using CancellationTokenSource source = new();
            Task copy = stream.CopyToAsync(Stream.Null, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        }
    }

    [Fact]
    public async Task A_read_gives_at_most_what_its_buffer_holds()
    {
        byte[] bomb = Compressed.Make("gzip", new byte[50_000_000], CompressionLevel.SmallestSize);
        using DecompressedStream stream = new(new OneWayStream(bomb), ContentCoding.Gzip);
        byte[] buffer = new byte[1000];
        Assert.Equal(1000, await stream.ReadAtLeastAsync(buffer, 1000, cancellationToken: TestContext.Current.CancellationToken));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int read = stream.Read(buffer);
        Assert.InRange(read, 1, 1000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    // .NET's decompressor takes it for the beginning of another member.
    [Fact]
    public async Task A_lone_1F_behind_a_member_of_gzip_is_junk_and_a_cut_before_it_is_not_passed_over()
    {
        foreach (int length in new[] { 1, 300, 3000 })
        {
            byte[] data = Compressed.Sample(length);
            byte[] body = [.. Compressed.Make("gzip", data), 0x1F];
            foreach (int piece in new[] { 1, 2, 7, int.MaxValue })
            {
                (byte[] result, Exception? thrown) = await ReadAll(new OneWayStream(body, piece), "gzip", buffer: 100, async: piece == 1);
                Assert.Null(thrown);
                Assert.Equal(data, result);
                byte[] cut = [.. body[..^3], 0x1F];
                (_, thrown) = await ReadAll(new OneWayStream(cut, piece), "gzip", buffer: 100, async: piece == 1);
                Assert.NotNull(thrown);
            }
        }

        (_, Exception? alone) = await ReadAll(new OneWayStream([0x1F], 1), "gzip", buffer: 100, async: true);
        Assert.NotNull(alone);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_part_of_a_body_gives_what_decodes(string format)
    {
        byte[] data = Compressed.Sample(3000);
        byte[] body = Compressed.Make(format, data);
        for (int cut = 1; cut <= body.Length; cut += 37)
        {
            using DecompressedStream stream = new(new OneWayStream(body[..cut], 7), Compressed.CodingOf(format), isPart: true);
            using MemoryStream result = new();
            await stream.CopyToAsync(result, TestContext.Current.CancellationToken);
            Assert.True(data.AsSpan().StartsWith(result.ToArray()), $"{format} {cut}");
            Assert.True(result.Length > 0 || cut < 1000, $"{format} {cut}");
        }
    }

    [Fact]
    public async Task A_read_of_nothing_reads_nothing()
    {
        byte[] data = Compressed.Sample(3000);
        using DecompressedStream stream = new(new OneWayStream(Compressed.Make("gzip", data), 1), ContentCoding.Gzip);
        using MemoryStream result = new();
        byte[] buffer = new byte[100];
        int read;
        do
        {
            Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken));
            Assert.Equal(0, stream.Read([]));
            read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            result.Write(buffer, 0, read);
        }
        while (read != 0);
        Assert.Equal(data, result.ToArray());
    }

    [Fact]
    public async Task After_disposal_nothing_is_read()
    {
        foreach (bool async in new[] { false, true })
        {
            OneWayStream source = new(Compressed.Make("gzip", new byte[100]));
            DecompressedStream stream = new(source, ContentCoding.Gzip);
            Assert.Equal(50, await stream.ReadAsync(new byte[50], TestContext.Current.CancellationToken));
            if (async)
            {
                await stream.DisposeAsync();
                await stream.DisposeAsync();
            }
            else
            {
                stream.Dispose();
                stream.Dispose();
            }

            Assert.True(source.Disposed);
            Assert.False(stream.CanRead);
            Assert.Throws<ObjectDisposedException>(() => stream.Read(new byte[1]));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Every_way_to_read_gives_the_same(string format)
    {
        byte[] data = Compressed.Sample(3000);
        Assert.Equal(data, await Read(async (stream, buffer) => await stream.ReadAsync(buffer.AsMemory())));
        Assert.Equal(data, await Read((stream, buffer) => stream.ReadAsync(buffer, 0, buffer.Length)));
        Assert.Equal(data, await Read((stream, buffer) => Task.FromResult(stream.Read(buffer, 0, buffer.Length))));
        Assert.Equal(data, await Read((stream, buffer) => Task.FromResult(stream.Read(buffer.AsSpan()))));
        Assert.Equal(
            data, await Read((stream, buffer) => Task.Factory.FromAsync(stream.BeginRead, stream.EndRead, buffer, 0, buffer.Length, null)));

        async Task<byte[]> Read(Func<Stream, byte[], Task<int>> read)
        {
            using DecompressedStream stream = new(new OneWayStream(Compressed.Make(format, data), 10), Compressed.CodingOf(format));
            using MemoryStream result = new();
            byte[] buffer = new byte[100];
            int count;
            while ((count = await read(stream, buffer)) != 0)
            {
                result.Write(buffer, 0, count);
            }

            return result.ToArray();
        }
    }

    private static async Task<(byte[] Data, Exception? Thrown)> ReadAll(Stream source, string format, int buffer, bool async)
    {
        DecompressedStream stream = new(source, Compressed.CodingOf(format));
        using MemoryStream result = new();
        byte[] bytes = new byte[buffer];
        try
        {
            while (true)
            {
                int read = async ? await stream.ReadAsync(bytes, TestContext.Current.CancellationToken) : stream.Read(bytes);
                if (read == 0)
                {
                    return (result.ToArray(), null);
                }

                result.Write(bytes, 0, read);
            }
        }
        catch (Exception exception)
        {
            return (result.ToArray(), exception);
        }
        finally
        {
            stream.Dispose();
        }
    }
}
