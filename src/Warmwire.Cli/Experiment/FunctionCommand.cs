using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Cli.Compare;
using Warmwire.Cli.Processes;
using Warmwire.Cli.Serving;
using Warmwire.Samples.HttpFunction;
using Warmwire.Samples.PubSub;

namespace Warmwire.Cli.Experiment;

/// <summary>
/// The hidden command <c>__function</c>: one of the sample functions, their own source, in a process whose cost is that of the function.
/// </summary>
internal static class FunctionCommand
{
    public const string Name = "__function";

    /// <summary>Where Pub/Sub messages go.</summary>
    public const string Project = "experiment-project";

    public const string Topic = "experiment";

    private const int WarmUpRounds = 3;
    private const int WarmUpRequests = 300;

    /// <summary>What the Pub/Sub function is sent.</summary>
    public static string PubSubRequest => $$"""{ "topic": "{{Topic}}", "message": "hello" }""";

    public static async Task<int> RunAsync(ParentLink parent)
    {
        FunctionOrder order = await parent.ReceiveAsync(FunctionJson.Default.FunctionOrder);
        await WarmUpAsync(order);
        await using WebApplication function = await StartAsync(order);
        using var lookups = new DnsLookupCount();
        double cpu = Environment.CpuUsage.TotalTime.TotalMicroseconds;
        parent.Send(new FunctionReady(PortOf(function)), FunctionJson.Default.FunctionReady);
        while (true)
        {
            await parent.ReceiveAsync(FunctionJson.Default.FunctionQuery);
            parent.Send(
                new FunctionCounts(Environment.CpuUsage.TotalTime.TotalMicroseconds - cpu, lookups.Started),
                FunctionJson.Default.FunctionCounts);
        }
    }

    /// <summary>
    /// The same function once more, with an upstream of its own in this process, so that the measured one does not pay for compiling, and
    /// its upstream sees no warm-up.
    /// </summary>
    private static async Task WarmUpAsync(FunctionOrder order)
    {
        await using EmbeddedServer upstream = await EmbeddedServer.StartAsync(tls: false, emulator: order.Function == FunctionKind.PubSub);
        var uri = new UriBuilder(Uri.UriSchemeHttp, "localhost", upstream.Port).Uri;
        if (order.Function == FunctionKind.PubSub)
        {
            await CreateTopicAsync(uri);
        }

        await using WebApplication function = await StartAsync(order with { Upstream = uri });
        using var client = new HttpClient { BaseAddress = new UriBuilder(Uri.UriSchemeHttp, "127.0.0.1", PortOf(function)).Uri };
        for (int round = 0; round < WarmUpRounds; round++)
        {
            for (int i = 0; i < WarmUpRequests; i++)
            {
                using HttpContent? content = order.Function == FunctionKind.PubSub
                    ? new StringContent(PubSubRequest, Encoding.UTF8, "application/json")
                    : null;
                using HttpResponseMessage response = await client.PostAsync("/", content);
            }

            await QuietProcess.WaitAsync(TimeProvider.System);
        }
    }

    /// <summary>The topic that the function publishes to.</summary>
    public static async Task CreateTopicAsync(Uri emulator)
    {
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.PutAsync(
            new Uri(emulator, $"v1/projects/{Project}/topics/{Topic}"), new StringContent("{}", Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
    }

    private static async Task<WebApplication> StartAsync(FunctionOrder order)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        WebApplication function = builder.Build();
        if (order.Function == FunctionKind.PubSub)
        {
            PubSubFunctionEndpoint.Map(
                function, new PubSubFunctionSettings(Project) { Emulator = order.Upstream, Reuse = order.Reuse, Log = Ignore });
        }
        else
        {
            HttpFunctionEndpoint.Map(function, new HttpFunctionSettings(order.Upstream) { Reuse = order.Reuse, Log = Ignore });
        }

        await function.StartAsync();
        return function;
    }

    /// <summary>What fails is counted by its status, on the other side.</summary>
    private static void Ignore(string line)
    {
    }

    private static int PortOf(WebApplication function) =>
        new Uri(
            function.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
}
