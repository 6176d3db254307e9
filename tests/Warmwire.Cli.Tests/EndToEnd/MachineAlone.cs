using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>
/// Tests that count sockets of the whole machine run when no other test does: a comparison tells its own by the port and by what was there
/// before, and a busy machine may close a socket of its warm-up so late that it is taken for one that came after.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MachineAlone
{
    public const string Name = "The machine alone";
}
