namespace Warmwire.Cli.Quick.Differences;

/// <summary>What the number of a figure is.</summary>
internal enum FigureKind
{
    /// <summary>A latency in milliseconds.</summary>
    Latency,

    /// <summary>Events per second.</summary>
    Rate,

    /// <summary>A share from 0 to 1.</summary>
    Share,

    /// <summary>Events per 1,000 requests.</summary>
    PerThousand,
}

/// <summary>One figure of two runs.</summary>
/// <param name="Name">As a condition of <c>--fail-on</c> names it.</param>
/// <param name="Kind">What its number is.</param>
/// <param name="Before">Of the first run.</param>
/// <param name="After">Of the second.</param>
internal sealed record FigureDifference(string Name, FigureKind Kind, Estimate Before, Estimate After)
{
    /// <summary>By how much it changed.</summary>
    public Estimate Change { get; } = Estimate.Difference(Before, After);

    /// <summary>More than chance explains.</summary>
    public bool IsTold => Change.Low > 0 || Change.High < 0;

    /// <summary>The change as a part of the first; <see langword="null"/> where that is 0.</summary>
    public double? Relative => Before.Value == 0 ? null : Change.Value / Before.Value;
}
