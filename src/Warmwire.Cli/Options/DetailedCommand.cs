using System.CommandLine;

namespace Warmwire.Cli.Options;

/// <summary>A command with more to say in its own help than in its parent's list.</summary>
internal sealed class DetailedCommand(string name, string description, string details) : Command(name, description)
{
    public string Details => details;
}
