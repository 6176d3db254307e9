namespace Warmwire.Cli.Quick.Settings;

/// <summary>
/// When the arrivals of a whole load are due: arrival k when the integral of the rate is k. Each is computed from its number alone, so that
/// no error adds up.
/// </summary>
internal sealed class ArrivalPlan
{
    private readonly Piece[] _pieces;

    private ArrivalPlan(Piece[] pieces, long arrivals, double seconds) => (_pieces, Arrivals, Seconds) = (pieces, arrivals, seconds);

    /// <summary>Arrivals in all.</summary>
    public long Arrivals { get; }

    /// <summary>How long it is, with the interval that belongs to the last arrival.</summary>
    public double Seconds { get; }

    /// <summary>No arrival.</summary>
    public static ArrivalPlan None { get; } = new([new Piece(0, 0, 1, 0, 0)], 0, 0);

    /// <summary>One arrival after each 1/rate seconds.</summary>
    public static ArrivalPlan Constant(double rate, long arrivals) =>
        new([new Piece(0, 0, arrivals / rate, rate, rate)], arrivals, arrivals / rate);

    /// <param name="from">The rate at the beginning.</param>
    /// <param name="stages">At least one.</param>
    public static ArrivalPlan Of(double from, IReadOnlyList<Stage> stages)
    {
        var parts = new List<(double Seconds, double From, double To)>();
        foreach (Stage stage in stages)
        {
            parts.Add((stage.Seconds, from, stage.Rate));
            from = stage.Rate;
        }

        return Of(parts);
    }

    /// <param name="parts">How long each is, and the rates from which to which it goes.</param>
    public static ArrivalPlan Of(IReadOnlyList<(double Seconds, double From, double To)> parts)
    {
        var pieces = new List<Piece>();
        (double start, double number) = (0, 0);
        foreach ((double seconds, double from, double to) in parts)
        {
            var piece = new Piece(start, number, seconds, from, to);
            pieces.Add(piece);
            (start, number) = (start + seconds, piece.LastNumber);
        }

        return new ArrivalPlan([.. pieces], (long)Math.Round(number), start);
    }

    /// <summary>When arrival <paramref name="number"/> is due, in seconds.</summary>
    public double DueSeconds(long number)
    {
        int low = 0;
        for (int high = _pieces.Length - 1; low < high;)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _pieces[middle].FirstNumber <= number ? (middle, high) : (low, middle - 1);
        }

        return _pieces[low].TimeOf(number);
    }

    /// <summary>How many arrivals are due before this time, which may be one off.</summary>
    public double NumberAt(double seconds)
    {
        Piece piece = _pieces[0];
        foreach (Piece next in _pieces)
        {
            if (next.Start <= seconds)
            {
                piece = next;
            }
        }

        return piece.NumberAt(seconds);
    }

    private readonly record struct Piece(double Start, double FirstNumber, double Length, double From, double To)
    {
        public double LastNumber => FirstNumber + ((From + To) / 2 * Length);

        private double Slope => (To - From) / Length;

        public double NumberAt(double seconds)
        {
            double time = Math.Clamp(seconds - Start, 0, Length);
            return FirstNumber + (From * time) + (Slope / 2 * time * time);
        }

        public double TimeOf(double number)
        {
            double part = number - FirstNumber;
            if (From == To)
            {
                return part <= 0 ? Start : Start + (part / From);
            }

            // The root that does not subtract numbers of nearly the same size.
            double root = Math.Sqrt(Math.Max(0, (From * From) + (2 * Slope * part)));
            return Start + (part <= 0 ? 0 : Math.Min(Length, 2 * part / (From + root)));
        }
    }
}
