namespace Warmwire.Cli.Quick.Reports;

/// <summary>How a row of values is drawn; no two in a chart alike, so that they are told apart without colour.</summary>
internal enum Mark
{
    Line,
    Dashes,
    Dots,

    /// <summary>Wide and pale, for what others are drawn over.</summary>
    Band,

    /// <summary>A line, and the ground below it.</summary>
    Area,

    /// <summary>From zero, up or down.</summary>
    Bars,

    /// <summary>Bars that are only an outline.</summary>
    Outlines,
}

/// <summary>One row of values of a chart; <see cref="double.NaN"/> where there is none.</summary>
internal sealed record Series(string Name, Ink Ink, Mark Mark, IReadOnlyList<double> Values);

/// <summary>What a chart shows.</summary>
internal sealed record Plot
{
    /// <summary>The chart's name for those who do not see it.</summary>
    public required string Title { get; init; }

    /// <summary>What is to be seen in it, in words.</summary>
    public required string Description { get; init; }

    /// <summary>Of the vertical axis.</summary>
    public required string Unit { get; init; }

    public required Axis Across { get; init; }

    public required Axis Up { get; init; }

    /// <summary>Where the values of all series lie on <see cref="Across"/>.</summary>
    public required IReadOnlyList<double> Positions { get; init; }

    /// <summary>In the order of drawing: what comes later lies above.</summary>
    public required IReadOnlyList<Series> Series { get; init; }

    /// <summary>Of the rectangle between the axes.</summary>
    public int Height { get; init; } = 190;

    /// <summary>How wide bars may be, on <see cref="Across"/>.</summary>
    public double BarWidth { get; init; }
}
