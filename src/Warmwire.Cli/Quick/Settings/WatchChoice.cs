namespace Warmwire.Cli.Quick.Settings;

/// <summary>The choice of the process to watch (<c>--pid</c>).</summary>
/// <param name="Pid">A process that was named; <see langword="null"/> for the one that listens on the URL's port, or none.</param>
/// <param name="FindsListener">Watch the process that listens on the URL's port, if that is on this machine.</param>
/// <param name="IsRequired">It was asked for, so that a process which is not found is an error.</param>
internal sealed record WatchChoice(int? Pid, bool FindsListener, bool IsRequired)
{
    public static WatchChoice Default { get; } = new(null, FindsListener: true, IsRequired: false);

    public static WatchChoice Auto { get; } = new(null, FindsListener: true, IsRequired: true);

    public static WatchChoice None { get; } = new(null, FindsListener: false, IsRequired: false);

    public static WatchChoice Of(int pid) => new(pid, FindsListener: false, IsRequired: true);
}
