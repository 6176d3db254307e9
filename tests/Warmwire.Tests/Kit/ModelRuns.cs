using System.Globalization;

namespace Warmwire.Tests.Kit;

/// <summary>How much longer than usual the tests of models play: <c>WARMWIRE_MODEL_TIMES</c>, 1 if it is not set.</summary>
internal static class ModelRuns
{
    public static int Times { get; } =
        int.Parse(Environment.GetEnvironmentVariable("WARMWIRE_MODEL_TIMES") ?? "1", CultureInfo.InvariantCulture);
}
