using Warmwire.Settings;
using Warmwire.Timing;

namespace Warmwire.Connections;

/// <summary>What every connection of a handler shares.</summary>
internal sealed class ConnectionServices
{
    public ConnectionServices(HandlerSettings settings)
    {
        Settings = settings;
        Time = settings.TimeProvider;
        Deadlines = new DeadlineQueue(settings.TimeProvider);
    }

    public HandlerSettings Settings { get; }

    public TimeProvider Time { get; }

    public DeadlineQueue Deadlines { get; }
}
