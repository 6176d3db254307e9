using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Warmwire.Samples.PriceClient;

/// <summary>A few prices to try the client with.</summary>
internal static class PriceServerEndpoint
{
    private static readonly Price[] s_prices = [new("ACME", 12.34m, "EUR"), new("A/B C", 0.5m, "USD")];

    public static void Map(IEndpointRouteBuilder app, TimeProvider time) => app.MapGet("/prices/{*symbol}", async context =>
    {
        // The router decodes all of a path but its %2F, so that a slash in a symbol is none in the path.
        string symbol = $"{context.Request.RouteValues["symbol"]}".Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (Array.Find(s_prices, price => price.Symbol == symbol) is not { } found)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync($"there is no '{symbol}' here");
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(
            JsonSerializer.SerializeToUtf8Bytes(found with { At = time.GetUtcNow() }, PriceJson.Default.Price));
    });
}
