using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>Decides whether what a watched process holds grew with the requests, and not only with those that were in progress.</summary>
internal static class ProcessGrowth
{
    /// <summary>Fewer are the usual ones of a program that begins to work.</summary>
    private const int Least = 10;

    /// <summary>So many for each request in progress may be at work.</summary>
    private const int PerRequestInProgress = 2;

    /// <summary>The part of the growth from the first third of the run to the last which is after its second third: it goes on.</summary>
    private const double GoesOn = 0.25;

    /// <summary>With fewer samples nothing is said of how it went.</summary>
    private const int LeastPoints = 6;

    /// <param name="result">A result with a process.</param>
    /// <param name="before">What it held before the run.</param>
    /// <param name="after">What it held after it.</param>
    /// <param name="leastPerRequest">From how many more for each request it is growth.</param>
    /// <param name="held">What it held at a sample.</param>
    public static bool GrewWithRequests(QuickResult result, int before, int after, double leastPerRequest, Func<ProcessPoint, int> held)
    {
        int growth = after - before;
        return growth >= Least
            && growth >= leastPerRequest * result.Requests
            && growth > PerRequestInProgress * MostInProgress(result)
            && WentOn([.. result.Process!.Series.Select(held)]);
    }

    private static bool WentOn(int[] held)
    {
        if (held.Length < LeastPoints)
        {
            return true;
        }

        int third = held.Length / 3;
        int first = Median(held.AsSpan(0, third));
        int second = Median(held.AsSpan(third, third));
        int last = Median(held.AsSpan(held.Length - third));
        return last > first && last - second >= GoesOn * (last - first);
    }

    private static int Median(ReadOnlySpan<int> values)
    {
        int[] sorted = values.ToArray();
        Array.Sort(sorted);
        return sorted[sorted.Length / 2];
    }

    /// <summary>Requests that waited for their response at the end of an interval, or connections on which they were sent.</summary>
    private static long MostInProgress(QuickResult result)
    {
        long inProgress = 0;
        long most = result.Connections.PeakOpen;
        foreach (SeriesPoint point in result.Series.Points)
        {
            // Of an arrival with several requests only one is in progress.
            inProgress += point.Started - ((point.Responses + point.Errors) / Math.Max(1, result.Target.RequestsPerArrival));
            most = Math.Max(most, inProgress);
        }

        return most;
    }
}
