using System.Runtime.InteropServices;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>How many clock ticks a second has: the kernel tells it every program at its start.</summary>
internal static class ClockTicks
{
    private const nuint ClockTicksEntry = 17;
    private const int Usual = 100;

    public static long PerSecond() => Find(File.ReadAllBytes("/proc/self/auxv"));

    /// <param name="auxiliaryVector">Pairs of words: what it is, and its value.</param>
    public static long Find(ReadOnlySpan<byte> auxiliaryVector)
    {
        ReadOnlySpan<nuint> words = MemoryMarshal.Cast<byte, nuint>(auxiliaryVector);
        for (int i = 0; i + 1 < words.Length; i += 2)
        {
            if (words[i] == ClockTicksEntry && words[i + 1] is > 0 and < 1_000_000)
            {
                return (long)words[i + 1];
            }
        }

        return Usual;
    }
}
