using System.Numerics;
using System.Runtime.CompilerServices;

namespace Warmwire.Buffers;

/// <summary>
/// Arrays for bytes that are on their way. The shared pool of .NET keeps 32 arrays of a size for each processor, so a few more connections
/// than that, busy at once, and it allocates at every turn; this one keeps what a burst needed, up to a limit on the bytes, until it has
/// not been needed for a while.
/// </summary>
/// <remarks>
/// A shelf for each processor, each with a lock that nobody waits for: who finds it taken goes to the next shelf, and in the end makes an
/// array or drops one. Arrays are not cleared. Nothing breaks if one is never returned.
/// </remarks>
internal sealed class BufferPool
{
    /// <summary>A larger buffer is made anew and left to the collector.</summary>
    public const int MaxBufferBytes = 1024 * 1024;

    /// <summary>The bytes that lie in the pool, of all sizes.</summary>
    public const int MaxRetainedBytes = 64 * 1024 * 1024;

#if DEBUG
    // Small, because buffers of a few bytes make every test meet growing and split reads.
    private const int SmallestShift = 4;
#else
    private const int SmallestShift = 10;
#endif

    private const int Sizes = 20 - SmallestShift + 1;

#if DEBUG
    private static readonly ConditionalWeakTable<byte[], object> s_pooled = [];
#endif

    private readonly Shelf[] _shelves;

    public BufferPool(int shelves, int maxRetainedBytes)
    {
        _shelves = new Shelf[shelves];
        for (int i = 0; i < shelves; i++)
        {
            _shelves[i] = new Shelf(maxRetainedBytes / shelves);
        }
    }

    /// <summary>The pool of the process.</summary>
    public static BufferPool Shared { get; } = Trimmed(new BufferPool(Math.Clamp(Environment.ProcessorCount, 1, 32), MaxRetainedBytes));

    /// <summary>The bytes that lie in the pool now.</summary>
    public long RetainedBytes => _shelves.Sum(static shelf => (long)shelf.Bytes);

    /// <summary>An array of at least that length, with anything in it.</summary>
    public byte[] Rent(int minimumLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumLength);
        if (minimumLength > MaxBufferBytes)
        {
            return GC.AllocateUninitializedArray<byte>(minimumLength);
        }

        int size = SizeFor(minimumLength);
        Shelf[] shelves = _shelves;
        int at = Nearest(shelves.Length);
        for (int i = 0; i < shelves.Length; i++)
        {
            if (shelves[at].Take(size) is { } array)
            {
                WasTaken(array);
                return array;
            }

            at = at + 1 == shelves.Length ? 0 : at + 1;
        }

        return GC.AllocateUninitializedArray<byte>(1 << (size + SmallestShift));
    }

    /// <summary>
    /// Gives an array back. Nobody may use it, or give it back, after that. One that is not of the pool's sizes is dropped.
    /// </summary>
    public void Return(byte[] array)
    {
        int length = array.Length;
        if (length > MaxBufferBytes || length < 1 << SmallestShift || !BitOperations.IsPow2(length))
        {
            return;
        }

        WillBePooled(array);
        int size = SizeFor(length);
        Shelf[] shelves = _shelves;
        int at = Nearest(shelves.Length);
        for (int i = 0; i < shelves.Length; i++)
        {
            if (shelves[at].Put(size, array))
            {
                return;
            }

            at = at + 1 == shelves.Length ? 0 : at + 1;
        }
    }

    /// <summary>Drops the arrays that were not needed since the last call.</summary>
    public void Trim()
    {
        foreach (Shelf shelf in _shelves)
        {
            shelf.Trim();
        }
    }

    private static BufferPool Trimmed(BufferPool pool)
    {
        _ = new TrimAtCollection(pool);
        return pool;
    }

    private static int SizeFor(int length) =>
        BitOperations.Log2((uint)Math.Max(length - 1, 0) | ((1u << SmallestShift) - 1)) + 1 - SmallestShift;

    private static int Nearest(int shelves) => shelves == 1 ? 0 : (int)((uint)Thread.GetCurrentProcessorId() % (uint)shelves);

    /// <summary>Makes a use after the return, or a second return, visible in Debug builds.</summary>
    [System.Diagnostics.Conditional("DEBUG")]
    private static void WillBePooled(byte[] array)
    {
#if DEBUG
        if (!s_pooled.TryAdd(array, s_pooled))
        {
            throw new InvalidOperationException("A buffer was given back twice.");
        }

        array.AsSpan().Fill(0xDD);
#endif
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private static void WasTaken(byte[] array)
    {
#if DEBUG
        s_pooled.Remove(array);
#endif
    }

    /// <summary>Arrays of all sizes. What it does it does at once or not at all.</summary>
    private sealed class Shelf
    {
        private readonly int _maxBytes;

        // Guarded by _busy.
        private readonly byte[]?[][] _arrays = new byte[]?[Sizes][];
        private readonly int[] _counts = new int[Sizes];
        private readonly int[] _least = new int[Sizes]; // the fewest that lay here since the last trim: that many were not needed
        private int _bytes;

        private int _busy;

        public Shelf(int maxBytes)
        {
            _maxBytes = maxBytes;
            Array.Fill(_arrays, []);
        }

        public int Bytes => Volatile.Read(ref _bytes);

        public byte[]? Take(int size)
        {
            if (Volatile.Read(ref _counts[size]) == 0 || !TryEnter())
            {
                return null;
            }

            byte[]? array = null;
            int count = _counts[size] - 1;
            if (count >= 0)
            {
                ref byte[]? top = ref _arrays[size][count];
                array = top;
                top = null;
                _counts[size] = count;
                _least[size] = Math.Min(_least[size], count);
                _bytes -= 1 << (size + SmallestShift);
            }

            Leave();
            return array;
        }

        public bool Put(int size, byte[] array)
        {
            if (Volatile.Read(ref _bytes) + array.Length > _maxBytes || !TryEnter())
            {
                return false;
            }

            int bytes = _bytes + array.Length;
            bool fits = bytes <= _maxBytes;
            if (fits)
            {
                int count = _counts[size];
                byte[]?[] arrays = _arrays[size];
                if (count == arrays.Length)
                {
                    Array.Resize(ref arrays, Math.Max(8, count * 2));
                    _arrays[size] = arrays;
                }

                arrays[count] = array;
                _counts[size] = count + 1;
                _bytes = bytes;
            }

            Leave();
            return fits;
        }

        public void Trim()
        {
            if (!TryEnter())
            {
                return; // in use: the next time will do
            }

            for (int size = 0; size < Sizes; size++)
            {
                int unneeded = _least[size];
                int count = _counts[size] - unneeded;
                Array.Clear(_arrays[size], count, unneeded);
                _counts[size] = _least[size] = count;
                _bytes -= unneeded << (size + SmallestShift);
                if (count == 0)
                {
                    _arrays[size] = []; // a burst's room goes with it
                }
            }

            Leave();
        }

        private bool TryEnter() => Interlocked.CompareExchange(ref _busy, 1, 0) == 0;

        private void Leave() => Volatile.Write(ref _busy, 0);
    }

    /// <summary>
    /// Nobody holds it, so every collection that finds it hands it to the finalizer: once it is old, those are the full ones.
    /// </summary>
    private sealed class TrimAtCollection(BufferPool pool)
    {
        ~TrimAtCollection()
        {
            pool.Trim();
            if (!Environment.HasShutdownStarted)
            {
                GC.ReRegisterForFinalize(this);
            }
        }
    }
}
