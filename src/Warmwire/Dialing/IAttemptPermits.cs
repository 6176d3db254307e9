namespace Warmwire.Dialing;

/// <summary>
/// The permits of attempts that go on side by side: a dial has one, and each attempt beside another takes one more, so that sockets
/// which are only being connected count too.
/// </summary>
internal interface IAttemptPermits
{
    bool TryTakePermit();

    void ReleasePermit();
}
