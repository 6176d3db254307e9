using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Telemetry;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>.NET's activities on trial, of connections and of the wait for them, with the links of requests to them.</summary>
[Collection(ProcessWideTelemetry.Name)]
public sealed class ConnectionActivityParityTests
{
    [Theory]
    [InlineData("one")]
    [InlineData("three")]
    [InlineData("queued")]
    [InlineData("refused")]
    [InlineData("tls")]
    [InlineData("cancelled")]
    public Task Activities_of_connections_are_the_same(string scenario) => ParityScenario.AssertAsync(async stage =>
    {
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is "System.Net.Http" or "Experimental.System.Net.Http.Connections",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        int port = await PlayAsync(stage, scenario);
        Activity[] own = [.. stopped.Where(activity => activity.DisplayName.EndsWith($":{port}", StringComparison.Ordinal)
            || Equals(activity.GetTagItem("server.port"), port))];
        var names = own.ToDictionary(activity => activity.SpanId, activity => activity.OperationName);
        foreach (IGrouping<string, string> group in own.Select(Describe).GroupBy(static line => line))
        {
            stage.Outcome.Tell(group.Key, group.Count());
        }

        string Describe(Activity activity)
        {
            IEnumerable<string> tags = activity.TagObjects.Where(static tag => tag.Key.StartsWith("server.", StringComparison.Ordinal)
                || tag.Key is "url.scheme" or "error.type" or "network.peer.address").Select(static tag => $"{tag.Key}={tag.Value}");
            IEnumerable<string> links = activity.Links.Select(link => names.GetValueOrDefault(link.Context.SpanId, "?"));
            string text = $"{activity.DisplayName} {activity.OperationName} {activity.Kind} {activity.Status} "
                + $"in {names.GetValueOrDefault(activity.ParentSpanId, "none")} "
                + $"{string.Join(' ', tags.Order(StringComparer.Ordinal))} links to {string.Join(' ', links)}";
            return text.Replace($"{port}", "PORT", StringComparison.Ordinal).Replace("::ffff:", "", StringComparison.Ordinal);
        }
    });

    private static async Task<int> PlayAsync(ParityStage stage, string scenario)
    {
        // Answers wait until all requests that are to queue are in the queue.
        using var inQueue = new ManualResetEventSlim(scenario != "queued");
        await using var server = new ParityServer(
            _ => scenario == "cancelled" ? "" : inQueue.Wait(Guard.Limit) ? Reply.Ok() : Reply.Nothing, isTls: scenario == "tls");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int refused = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var uri = scenario == "refused" ? new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{refused}/")) : server.Uri;
        using HttpMessageHandler handler = stage.Create(
            new { ActivityHeadersPropagator = DistributedContextPropagator.CreateDefaultPropagator() });
        if (scenario is "queued" or "cancelled")
        {
            handler.GetType().GetProperty(nameof(SocketsHttpHandler.MaxConnectionsPerServer))!.SetValue(handler, 1);
        }

        using var invoker = new HttpMessageInvoker(handler);
        if (scenario == "cancelled")
        {
            using var cancellation = new CancellationTokenSource();
            Task<HttpResponseMessage> first = invoker.SendAsync(ParityStage.Get(uri), cancellation.Token);
            await Eventually.IsTrue(() => server.Requests.Count == 1, "the server has the first request");
            Task<HttpResponseMessage> second = invoker.SendAsync(ParityStage.Get(uri), cancellation.Token);
            await cancellation.CancelAsync();
            await Task.WhenAll(first, second).ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
            return uri.Port;
        }

        var sending = new List<Task>();
        for (int i = 0; i < (scenario is "three" or "queued" ? 3 : 1); i++)
        {
            sending.Add(SendAsync());
            if (scenario != "queued")
            {
                await sending[i].ContinueWith(static _ => { }, TaskScheduler.Default);
            }
            else if (i == 0)
            {
                await Eventually.IsTrue(() => server.Requests.Count == 1, "the first has the connection");
            }
        }

        inQueue.Set();
        await Task.WhenAll(sending).ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        return uri.Port;

        async Task SendAsync()
        {
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(uri), default);
            await response.Content.ReadAsByteArrayAsync();
        }
    }
}
