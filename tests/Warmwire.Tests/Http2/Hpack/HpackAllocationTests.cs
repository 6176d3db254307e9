using Warmwire.Buffers;
using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>What repeats on every request and response makes no garbage.</summary>
public class HpackAllocationTests
{
    private static readonly (byte[] Name, byte[] Value)[] s_fields =
    [
        .. new[]
        {
            (":method", "GET"), (":scheme", "https"), (":path", "/api/items?page=1"), (":authority", "api.example.com"),
            ("user-agent", "test/1.0"),
            ("accept", "application/json"), ("accept-encoding", "gzip, br"), ("authorization", "Bearer 0123456789abcdef0123456789abcdef"),
            ("x-api-version", "2026-11-22"), ("te", "trailers"),
        }.Select(static field => (WireBytes.Of(field.Item1), WireBytes.Of(field.Item2))),
    ];

    [Fact]
    public void Fields_that_are_in_the_table_are_written_and_read_without_garbage() =>
        Assert.Equal(0, AllocatedBy(FieldIndexing.Index, id: false));

    [Fact]
    public void Fields_that_are_spelled_out_are_written_and_read_without_garbage() =>
        Assert.Equal(0, AllocatedBy(FieldIndexing.DoNotIndex, id: false));

    [Fact]
    public void Entries_that_come_and_go_make_no_garbage() => Assert.Equal(0, AllocatedBy(FieldIndexing.Index, id: true));

    private static long AllocatedBy(FieldIndexing indexing, bool id)
    {
        HpackEncoder encoder = new();
        HpackDecoder decoder = new();
        OutputBuffer output = new();
        Counter sink = default;
        byte[] value = WireBytes.Of("00000000-0000-0000-0000-000000000000");
        int round = 0;
        Round(1000);

        // The pool of buffers is the process's: tests that run beside this one may have emptied it, and one more array is made. What each
        // block costs shows every time.
        long least = long.MaxValue;
        const int Measurements = 10;
        for (int i = 0; i < Measurements; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Round(1000);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal((1 + Measurements) * 1000 * (id ? 11 : 10), sink.Fields);
        return least;

        void Round(int times)
        {
            for (int i = 0; i < times; i++)
            {
                output.Clear();
                encoder.BeginBlock(output);
                foreach ((byte[] fieldName, byte[] fieldValue) in s_fields)
                {
                    encoder.Encode(output, fieldName, fieldValue, indexing);
                }

                if (id)
                {
                    // Of those that are added at first sight, with a value that is new each time.
                    round++;
                    value[round % value.Length] = (byte)('a' + (round / value.Length % 26));
                    encoder.Encode(output, "cookie"u8, value, indexing);
                }

                decoder.Decode(output.Written.Span, ref sink);
            }
        }
    }

    private struct Counter : IFieldSink
    {
        public int Fields;

        public void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag) => Fields++;
    }
}
