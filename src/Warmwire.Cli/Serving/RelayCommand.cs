using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Serving;

/// <summary>The hidden command <c>__relay</c>: the <see cref="Relay"/> in a process of its own.</summary>
internal static class RelayCommand
{
    public const string Name = "__relay";

    public static async Task<int> RunAsync(ParentLink parent)
    {
        RelayOrder order = await parent.ReceiveAsync(RelayJson.Default.RelayOrder);
        await using var relay = Relay.Start(order.Host, order.Port, TimeSpan.FromMilliseconds(order.RoundTripMs));
        parent.Send(new RelayReady(relay.Port), RelayJson.Default.RelayReady);
        await Task.Delay(Timeout.Infinite);
        return ExitCodes.Success;
    }
}
