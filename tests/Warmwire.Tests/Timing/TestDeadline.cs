using Warmwire.Timing;

namespace Warmwire.Tests.Timing;

internal sealed class TestDeadline(Action onExpired) : Deadline
{
    protected override void OnExpired() => onExpired();
}
