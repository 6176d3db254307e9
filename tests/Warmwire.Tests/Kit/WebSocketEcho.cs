using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Warmwire.Tests.Kit;

/// <summary>What a server runs that accepts every WebSocket and sends back what it gets.</summary>
public static class WebSocketEcho
{
    private static readonly WebSocketMiddleware s_middleware =
        new(EchoAsync, Options.Create(new WebSocketOptions()), NullLoggerFactory.Instance);

    public static Task Invoke(HttpContext context) => s_middleware.Invoke(context);

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync().ConfigureAwait(false);
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            ValueWebSocketReceiveResult piece =
                await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted).ConfigureAwait(false);
            if (piece.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", context.RequestAborted).ConfigureAwait(false);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, piece.Count), piece.MessageType, piece.EndOfMessage, context.RequestAborted)
                .ConfigureAwait(false);
        }
    }
}
