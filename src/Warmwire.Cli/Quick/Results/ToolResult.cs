using System.Reflection;

namespace Warmwire.Cli.Quick.Results;

/// <summary>The program that wrote a result.</summary>
/// <param name="Name">The name of its command.</param>
/// <param name="Version">Its version, as <c>--version</c> tells it, without the commit.</param>
internal sealed record ToolResult(string Name, string Version)
{
    /// <summary>This program.</summary>
    public static ToolResult Current { get; } = new("warmwire", VersionOf(typeof(ToolResult).Assembly));

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
