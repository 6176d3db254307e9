namespace Warmwire.Cli.Quick.Reports;

/// <summary>
/// A colour of the charts, on light and on dark: told apart with every kind of colour blindness, and at 3:1 or more from what is behind.
/// </summary>
/// <param name="Name">Of its custom property and its classes.</param>
/// <param name="Light">What an attribute says, for readers that drop styles.</param>
/// <param name="Dark">On a dark page.</param>
internal sealed record Ink(string Name, string Light, string Dark)
{
    public static Ink Blue { get; } = new("blue", "#0b62ad", "#6cb4ff");

    public static Ink Orange { get; } = new("orange", "#b84a00", "#ffa65c");

    public static Ink Teal { get; } = new("teal", "#00776b", "#45d0be");

    public static Ink Purple { get; } = new("purple", "#7d3fb5", "#cfa8ff");

    public static Ink Red { get; } = new("red", "#b3261e", "#ff8a80");

    public static Ink Grey { get; } = new("grey", "#6b7580", "#939eaa");

    public static IReadOnlyList<Ink> All { get; } = [Blue, Orange, Teal, Purple, Red, Grey];
}
