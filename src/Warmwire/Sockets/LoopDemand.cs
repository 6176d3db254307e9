namespace Warmwire.Sockets;

/// <summary>How many loops a group needs, judged by how often a look finds them at work.</summary>
internal struct LoopDemand
{
    private int _looks;
    private int _atWork;

    /// <summary>Notes one look.</summary>
    /// <param name="led">How many loops are led.</param>
    /// <param name="atWork">How many of them are at work.</param>
    /// <returns>1 if one more is needed, -1 if one can go, 0 if it stays so; <see langword="null"/> between the decisions.</returns>
    public int? Note(int led, int atWork)
    {
        _looks++;
        _atWork += atWork;
        if (_looks < SocketLimits.LooksUntilDecided)
        {
            return null;
        }

        LoopDemand window = this;
        this = default;
        return window._atWork >= led * SocketLimits.LooksOfSaturation ? 1
            : led > 1 && window._atWork <= (led - 1) * SocketLimits.LooksOfUse ? -1
            : 0;
    }
}
