using Warmwire;
using Warmwire.Samples.Hosting;
using Warmwire.Samples.PriceClient;

if (args is ["serve"])
{
    return await FunctionHost.RunAsync(
        "prices", static app => PriceServerEndpoint.Map(app, TimeProvider.System), port: 9000, loopbackOnly: true);
}

if (args.Length < 2
    || !Uri.TryCreate(args[0], UriKind.Absolute, out Uri? endpoint)
    || !endpoint.Scheme.StartsWith("http", StringComparison.Ordinal))
{
    return FunctionHost.Refuse("prices", "usage: URL SYMBOL..., such as http://localhost:9000 ACME; or: serve");
}

// One transport for the life of the program, whatever typed clients there are.
using HttpClient client = WarmHttp.CreateClient();
var prices = new PricesClient(client, new PricesClientSettings(endpoint));
int failures = 0;
foreach (string symbol in args[1..])
{
    try
    {
        Price price = await prices.GetPriceAsync(symbol);
        Console.WriteLine($"{price.Symbol}: {price.Amount} {price.Currency}");
    }
    catch (Exception e) when (e is PriceException or ArgumentException)
    {
        await Console.Error.WriteLineAsync($"prices: {e.Message}");
        failures++;
    }
}

return failures == 0 ? 0 : 1;
