using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;

namespace Warmwire.Diagnostics;

/// <summary>A meter of the process. A listener that disposes it would silence it for all others, so that does nothing.</summary>
internal sealed class ProcessMeter(string name) : Meter(name)
{
    [SuppressMessage("Usage", "CA2215", Justification = "Not disposing is what it is for.")]
    protected override void Dispose(bool disposing)
    {
    }
}
