using Warmwire.Cli.Processes;

namespace Warmwire.Cli.Serving;

/// <summary>
/// The hidden command <c>__serve</c>: the embedded server, in a process of its own so that its work is not counted as a client's.
/// </summary>
internal static class ServeCommand
{
    public const string Name = "__serve";

    public static async Task<int> RunAsync(ParentLink parent)
    {
        ServeOrder order = await parent.ReceiveAsync(ServerJson.Default.ServeOrder);
        await using EmbeddedServer server = await EmbeddedServer.StartAsync(order.Tls, order.Emulator);
        parent.Send(new ServerReady(server.Port, server.Thumbprint), ServerJson.Default.ServerReady);
        while (true)
        {
            await parent.ReceiveAsync(ServerJson.Default.CountsQuery);
            parent.Send(server.Counts, ServerJson.Default.ServerCounts);
        }
    }
}
