namespace Warmwire.Sockets;

/// <summary>How many loops a group needs, judged by how often a look finds them at work.</summary>
internal struct LoopDemand
{
    private int _looks;
    private int _atWork;
    private int _late;

    /// <summary>Notes one look.</summary>
    /// <param name="led">How many loops are led.</param>
    /// <param name="atWork">How many of them are at work.</param>
    /// <param name="isLate">Whether the look came late: the machine has more threads to run than processors.</param>
    /// <returns>1 if one more is needed, -1 if one can go, 0 if it stays so, or is not known yet.</returns>
    public int Note(int led, int atWork, bool isLate)
    {
        _looks++;
        _atWork += atWork;
        _late += isLate ? 1 : 0;
        if (_looks < SocketLimits.LooksUntilDecided)
        {
            return 0;
        }

        LoopDemand window = this;
        this = default;
        bool isSaturated = window._atWork >= led * SocketLimits.LooksOfSaturation;

        // A loop that is at work but does not run looks saturated; one more thread would only take turns with it.
        return isSaturated && window._late < SocketLimits.LateLooks ? 1
            : led > 1 && window._atWork <= (led - 1) * SocketLimits.LooksOfUse ? -1
            : 0;
    }
}
