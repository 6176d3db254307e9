using System.Globalization;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Verdicts;

/// <summary>A watched process closes connections all the time, most of them after one request.</summary>
internal sealed class ClientPerRequest : IVerdict
{
    /// <summary>From this many connections per request, a client per request is the likely cause.</summary>
    private const double OneForEach = 0.5;

    public string? Of(QuickResult result)
    {
        if (result.Process is not { TimeWaitSeen.Count: > 0 } process || result.Requests == 0)
        {
            return null;
        }

        (string remote, long count) = process.TimeWaitSeen.MaxBy(static pair => pair.Value);
        double each = (double)count / result.Requests;
        string share = each >= OneForEach
            ? string.Create(CultureInfo.InvariantCulture, $", {each:0.00} per request, as if a client were created for each request")
            : "";
        return $"{Amounts.Count(count, "connection")} to {remote} {Amounts.Were(count)} closed by this machine and entered "
            + $"TIME_WAIT{share}.";
    }
}
