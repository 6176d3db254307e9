namespace Warmwire.Bench;

/// <summary>A failure whose message is the one line the user reads.</summary>
internal sealed class BenchFailure : Exception
{
    public BenchFailure(string message)
        : base(message)
    {
    }

    public BenchFailure(string message, Exception inner)
        : base(message, inner)
    {
    }
}
