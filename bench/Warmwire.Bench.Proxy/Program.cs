using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Warmwire.Bench.Client;
using Warmwire.Bench.Proxy;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

// A reverse proxy of YARP in a process of its own, between a load generator and the server. Arguments are words: url= is the server,
// handler= is what YARP sends with. It says "ready" and its port. Each line on standard input is answered by one line of JSON: what the
// process has used since the line before. The end of standard input ends it.
if (args.Length == 0)
{
    await Console.Error.WriteLineAsync("usage: Warmwire.Bench.Proxy NAME=VALUE ...; started by bench/bench");
    return 2;
}

var words = new Words(args);
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(static options => options.Listen(IPAddress.Loopback, 0));
builder.Services.AddReverseProxy().LoadFromMemory(
    [new RouteConfig { RouteId = "all", ClusterId = "server", Match = new RouteMatch { Path = "{**rest}" } }],
    [
        new ClusterConfig
        {
            ClusterId = "server",
            Destinations = new Dictionary<string, DestinationConfig>(StringComparer.Ordinal)
            {
                ["server"] = new DestinationConfig { Address = words.Uri("url").GetLeftPart(UriPartial.Authority) },
            },
        },
    ]);
switch (words.Text("handler"))
{
    case "sockets":
        break;
    case "warmwire":
        builder.Services.AddSingleton<IForwarderHttpClientFactory, PooledForwarderClientFactory>();
        break;
    case "memory":
        builder.Services.AddSingleton<IForwarderHttpClientFactory, MemoryForwarderClientFactory>();
        break;
    default:
        throw new ArgumentException($"there is no handler '{words.Text("handler")}'", nameof(args));
}

await using WebApplication application = builder.Build();
application.MapReverseProxy();
await application.StartAsync();
string address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {new Uri(address).Port}"));
ResourceUsage before = ResourceUsage.Now();
while (Console.ReadLine() is not null)
{
    ResourceUsage now = ResourceUsage.Now();
    var reply = new Reply();
    now.AddTo(reply, before);
    before = now;
    Console.WriteLine(reply.ToString());
}

return 0;
