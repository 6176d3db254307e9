namespace Warmwire.Tests.House;

/// <summary>Folders and files that were not gone over yet, for each rule, with all below them. Empty: all were.</summary>
internal static class NotYet
{
    public static string[] Words { get; } = [];

    public static string[] Width { get; } = [];

    public static string[] FileLength { get; } = [];

    public static string[] MethodLength { get; } = [];

    public static string[] Sleeps { get; } = [];

    public static bool Covers(string[] list, string path) =>
        list.Any(entry => path == entry || path.StartsWith(entry + "/", StringComparison.Ordinal));
}
