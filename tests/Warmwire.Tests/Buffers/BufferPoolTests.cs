using FsCheck;
using FsCheck.Fluent;
using Warmwire.Buffers;
using Xunit;

namespace Warmwire.Tests.Buffers;

public class BufferPoolTests
{
    private const int Kilobyte = 1024;

    [Theory]
    [InlineData(Kilobyte, Kilobyte)]
    [InlineData(Kilobyte + 1, 2 * Kilobyte)]
    [InlineData(4096, 4096)]
    [InlineData(BufferPool.MaxBufferBytes - 1, BufferPool.MaxBufferBytes)]
    [InlineData(BufferPool.MaxBufferBytes, BufferPool.MaxBufferBytes)]
    [InlineData(BufferPool.MaxBufferBytes + 1, BufferPool.MaxBufferBytes + 1)]
    public void An_array_has_the_next_size(int minimum, int expected) => Assert.Equal(expected, Pool().Rent(minimum).Length);

    [Fact]
    public void The_smallest_wish_gets_an_array() => Assert.InRange(Pool().Rent(0).Length, 1, Kilobyte);

    [Fact]
    public void A_negative_length_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Pool().Rent(-1));

    [Fact]
    public void What_was_given_back_is_handed_out_again()
    {
        BufferPool pool = Pool();
        byte[] first = pool.Rent(5000);
        pool.Return(first);
        Assert.Equal(first.Length, pool.RetainedBytes);
        Assert.NotSame(first, pool.Rent(9000));
        Assert.Same(first, pool.Rent(4097));
        Assert.Equal(0, pool.RetainedBytes);
    }

    [Fact]
    public void Another_processor_s_arrays_are_used_before_one_is_made()
    {
        BufferPool pool = Pool(shelves: 8);
        byte[] array = pool.Rent(Kilobyte);
        for (int i = 0; i < 200; i++)
        {
            pool.Return(array);
            Assert.Same(array, pool.Rent(Kilobyte)); // whichever processor each call runs on
        }
    }

    [Fact]
    public void Arrays_of_other_sizes_are_dropped()
    {
        BufferPool pool = Pool();
        foreach (int length in new[] { 0, 1, 3, 1000, 1500, BufferPool.MaxBufferBytes + 1, BufferPool.MaxBufferBytes * 2 })
        {
            pool.Return(new byte[length]);
        }

        Assert.Equal(0, pool.RetainedBytes);
    }

    [Fact]
    public void It_keeps_no_more_than_its_limit() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), wishes =>
        {
            BufferPool pool = Pool(shelves: 3, maxRetainedBytes: 60 * Kilobyte);
            byte[][] rented = [.. wishes.Select(wish => pool.Rent(1 << (10 + (wish % 6))))];
            foreach (byte[] array in rented)
            {
                pool.Return(array);
                Assert.InRange(pool.RetainedBytes, 0, 60 * Kilobyte);
            }
        }));

    [Fact]
    public void Nobody_is_handed_what_another_holds()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<short[]>(), steps =>
        {
            BufferPool pool = Pool(shelves: 2, maxRetainedBytes: 64 * Kilobyte);
            List<byte[]> held = [];
            foreach (short step in steps)
            {
                if (step < 0 && held.Count > 0)
                {
                    int which = -step % held.Count;
                    pool.Return(held[which]);
                    held.RemoveAt(which);
                }
                else
                {
                    byte[] rented = pool.Rent(Math.Abs((int)step));
                    Assert.DoesNotContain(held, one => ReferenceEquals(one, rented)); // arrays would be compared by content
                    held.Add(rented);
                }
            }
        }));
    }

    [Fact]
    public async Task Nobody_is_handed_what_another_holds_when_many_rent_at_once()
    {
        BufferPool pool = Pool(shelves: 2, maxRetainedBytes: 256 * Kilobyte);
        int clashes = 0;
        await Task.WhenAll(Enumerable.Range(1, 8).Select(me => Task.Run(() =>
        {
            Random random = new(me);
            Queue<byte[]> held = [];
            for (int i = 0; i < 20_000; i++)
            {
                byte[] mine = pool.Rent(Kilobyte << random.Next(3));
                mine[0] = mine[^1] = (byte)me;
                held.Enqueue(mine);
                while (held.Count > random.Next(6))
                {
                    byte[] done = held.Dequeue();
                    if (done[0] != me || done[^1] != me)
                    {
                        Interlocked.Increment(ref clashes);
                    }

                    pool.Return(done);
                }

                if (i % 500 == 0)
                {
                    pool.Trim();
                }
            }
        })));
        Assert.Equal(0, clashes);
        Assert.InRange(pool.RetainedBytes, 0, 256 * Kilobyte);
    }

    [Fact]
    public void What_a_burst_left_goes_and_what_is_in_use_stays()
    {
        BufferPool pool = Pool();
        foreach (byte[] array in Enumerable.Range(0, 100).Select(_ => pool.Rent(4096)).ToArray())
        {
            pool.Return(array);
        }

        pool.Trim(); // the burst was since the last time: all of it was needed
        Assert.Equal(100 * 4096, pool.RetainedBytes);
        for (int i = 0; i < 10; i++)
        {
            byte[][] two = [pool.Rent(4096), pool.Rent(4096)];
            pool.Return(two[0]);
            pool.Return(two[1]);
        }

        pool.Trim();
        Assert.Equal(2 * 4096, pool.RetainedBytes);
        pool.Trim();
        Assert.Equal(0, pool.RetainedBytes);
    }

#if DEBUG
    [Fact]
    public void Giving_back_twice_is_found_in_Debug()
    {
        BufferPool pool = Pool();
        byte[] array = pool.Rent(Kilobyte);
        pool.Return(array);
        Assert.Throws<InvalidOperationException>(() => pool.Return(array));
        pool.Rent(Kilobyte);
        pool.Return(array);
    }
#else
    [Fact]
    public void Renting_from_a_warm_pool_allocates_nothing()
    {
        // In Debug the pool keeps a table of what lies in it.
        BufferPool pool = Pool();
        long least = long.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            pool.Return(pool.Rent(4096));
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
#endif

    private static BufferPool Pool(int shelves = 1, int maxRetainedBytes = BufferPool.MaxRetainedBytes) => new(shelves, maxRetainedBytes);
}
