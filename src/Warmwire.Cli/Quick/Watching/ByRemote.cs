using Warmwire.Cli.Sockets;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>Counts by remote address as a result has them.</summary>
internal static class ByRemote
{
    /// <summary>So many addresses are named, those with the most; a program that calls more shows the others together.</summary>
    public const int MaxNamed = 100;

    public const string Others = "others";

    public static Dictionary<string, TCount> Text<TCount>(IEnumerable<KeyValuePair<TcpRemote, TCount>> counts)
        where TCount : struct, System.Numerics.IBinaryInteger<TCount>
    {
        // Of IPv4 in an IPv6 socket and in one of its own the text is the same.
        var all = new Dictionary<string, TCount>(StringComparer.Ordinal);
        foreach ((TcpRemote remote, TCount count) in counts)
        {
            string text = remote.ToString();
            all[text] = all.GetValueOrDefault(text) + count;
        }

        KeyValuePair<string, TCount>[] sorted =
        [
            .. all.OrderByDescending(static pair => pair.Value).ThenBy(static pair => pair.Key, StringComparer.Ordinal),
        ];
        Dictionary<string, TCount> named = sorted.Take(MaxNamed).ToDictionary(StringComparer.Ordinal);
        if (sorted.Length > MaxNamed)
        {
            named[Others] = sorted.Skip(MaxNamed).Aggregate(TCount.Zero, static (sum, pair) => sum + pair.Value);
        }

        return named;
    }
}
