using Xunit;

namespace Warmwire.Tests.Telemetry;

/// <summary>
/// A listener for activities hears, and changes, what the whole process does: traces are written into requests. These tests run alone.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWideTelemetry
{
    public const string Name = "process-wide telemetry";
}
