namespace Warmwire.Bench.Processes;

/// <summary>Finds programs that may or may not be installed.</summary>
internal static class Programs
{
    private static readonly string[] s_besides = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

    /// <summary>The path of a program, or <see langword="null"/>.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(s_besides)
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}
