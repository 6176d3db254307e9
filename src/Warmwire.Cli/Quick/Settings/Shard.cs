using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>
/// One of <see cref="Count"/> parts of a load that several programs make together (<c>--shard</c>). The arrivals of the whole are numbered
/// k = 0, 1, 2 and so on, and due k/rate seconds after its start; this part makes those where k modulo <see cref="Count"/> is
/// <see cref="Index"/>. So parts interleave evenly, and together are the whole.
/// </summary>
/// <param name="Index">From 0, as a Kubernetes Indexed Job numbers its pods.</param>
/// <param name="Count">How many parts there are.</param>
internal readonly record struct Shard(int Index, int Count)
{
    public const int MaxCount = 10_000;

    /// <summary>The only part, which is the whole.</summary>
    public static Shard Whole => new(0, 1);

    /// <param name="text">Such as <c>0/4</c>.</param>
    /// <param name="shard">The part.</param>
    /// <param name="error">What is wrong, in one line; <see langword="null"/> if nothing is.</param>
    public static bool TryParse(string text, out Shard shard, [NotNullWhen(false)] out string? error)
    {
        shard = default;
        error = null;
        string[] sides = text.Split('/');
        if (sides.Length == 2 && TryParse(sides[0], out int index) && TryParse(sides[1], out int count) && count is >= 1 and <= MaxCount)
        {
            if (index < count)
            {
                shard = new Shard(index, count);
                return true;
            }

            error = $"--shard counts from 0: the last of {count} shards is {count - 1}/{count}, not '{text}'";
            return false;
        }

        error = $"--shard must be I/N with N from 1 to {MaxCount} and I from 0 to N-1, such as 0/4, not '{text}'";
        return false;
    }

    /// <summary>How many of the whole's arrivals are of this part.</summary>
    public long CountOf(long arrivals) => arrivals <= Index ? 0 : ((arrivals - Index - 1) / Count) + 1;

    /// <summary>The number in the whole of this part's arrival number <paramref name="ownIndex"/>.</summary>
    public long NumberOf(long ownIndex) => checked(Index + (ownIndex * Count));

    /// <summary>
    /// When this part's arrival number <paramref name="ownIndex"/> is due, in seconds: computed from its number alone, so that no error
    /// adds up.
    /// </summary>
    /// <param name="ownIndex">From 0.</param>
    /// <param name="rate">Of the whole.</param>
    public double DueSeconds(long ownIndex, double rate) => NumberOf(ownIndex) / rate;

    /// <summary>How many of the whole's users are of this part.</summary>
    public int Of(int users) => (int)CountOf(users);

    /// <summary>This part's share of the whole's rate.</summary>
    public double RateOf(double rate) => rate / Count;

    public override string ToString() => $"{Index}/{Count}";

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
