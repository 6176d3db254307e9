namespace Warmwire.Sockets;

/// <summary>The interval of the operating system's probes, as it takes it.</summary>
internal static class KeepAlive
{
    /// <summary>Whole seconds, and at least one; Linux refuses more than 32767.</summary>
    public static int Seconds(TimeSpan interval) => (int)Math.Clamp(Math.Ceiling(interval.TotalSeconds), 1, short.MaxValue);
}
