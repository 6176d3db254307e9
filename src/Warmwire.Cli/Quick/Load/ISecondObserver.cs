namespace Warmwire.Cli.Quick.Load;

/// <summary>Is told of each second of a run, in order and by one thread, soon after it has ended.</summary>
internal interface ISecondObserver
{
    /// <param name="second">From 0; the last one is not a whole second.</param>
    /// <param name="interval">What happened in it; only valid until this returns.</param>
    void SecondEnded(long second, LiveInterval interval);
}
