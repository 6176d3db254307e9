using System.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>
/// Lets any thread close a descriptor at any time: every system call on it is between <see cref="TryEnter"/> and <see cref="Exit"/>,
/// and the descriptor is closed by the one that leaves last.
/// </summary>
/// <remarks>
/// Story: one thread is about to receive, another closes the descriptor, a third opens a connection and gets the same number. The first
/// would now take the bytes of somebody else's connection.
/// </remarks>
internal struct DescriptorUse(int descriptor)
{
    private const int Closed = int.MinValue;

    /// <summary>How many are inside, with <see cref="Closed"/> on top once nobody may enter any more.</summary>
    private int _uses;

    /// <summary>Only for use between <see cref="TryEnter"/> and <see cref="Exit"/>.</summary>
    public readonly int Descriptor => descriptor;

    public readonly bool IsClosed => _uses < 0;

    public bool TryEnter()
    {
        // Not an increment that is taken back: between the two the count of a closed descriptor would be wrong, and it could be closed
        // twice.
        int uses = Volatile.Read(ref _uses);
        while (uses >= 0)
        {
            int seen = Interlocked.CompareExchange(ref _uses, uses + 1, uses);
            if (seen == uses)
            {
                return true;
            }

            uses = seen;
        }

        return false;
    }

    public void Exit()
    {
        int left = Interlocked.Decrement(ref _uses);
        Debug.Assert(left != -1 && left != int.MaxValue, "left more often than entered");
        if (left == Closed)
        {
            LibC.Close(descriptor);
        }
    }

    /// <returns>Whether this call was the one that closed it, now or as soon as the last user has left.</returns>
    public bool Close()
    {
        int uses = Interlocked.Or(ref _uses, Closed);
        if (uses == 0)
        {
            LibC.Close(descriptor);
        }

        return uses >= 0;
    }
}
