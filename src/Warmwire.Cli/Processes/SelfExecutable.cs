using System.Diagnostics;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Processes;

/// <summary>
/// How this program starts itself again, whether it runs as <c>dotnet Warmwire.Cli.dll</c> or by an executable of its own.
/// </summary>
internal static class SelfExecutable
{
    public static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        string executable = Environment.ProcessPath ?? throw new CommandFailure(
            "the path of this program is unknown, so it cannot start its child processes");
        var info = new ProcessStartInfo(executable)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (string.Equals(Path.GetFileNameWithoutExtension(executable), "dotnet", StringComparison.OrdinalIgnoreCase))
        {
            info.ArgumentList.Add(typeof(SelfExecutable).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return info;
    }
}
