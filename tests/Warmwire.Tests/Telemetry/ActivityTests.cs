using System.Diagnostics;
using System.Globalization;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Tests.Telemetry;

[Collection(ProcessWideTelemetry.Name)]
public sealed class ActivityTests
{
    [Theory]
    [InlineData("GET", 200, "/path?secret=1#fragment")]
    [InlineData("POST", 503, "/")]
    [InlineData("BREW", 404, "/a%20b")]
    [InlineData("get", 301, "?q")]
    public Task An_activity_says_what_that_of_NET_says(string method, int status, string path) =>
        AssertSameAsync(_ => Reply.With($"{status} X"), async (client, uri) =>
        {
            using var request = new HttpRequestMessage(
                new HttpMethod(method), new UriBuilder(new Uri(uri, path)) { UserName = "user", Password = "secret" }.Uri);
            using HttpResponseMessage response = await client.SendAsync(request);
        });

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\r\n\r\n")]
    public Task A_failure_is_told_as_by_NET(string response) =>
        AssertSameAsync(_ => new Reply(response, Close: true), (client, uri) =>
            Assert.ThrowsAnyAsync<HttpRequestException>(() => client.PostAsync(uri, new StringContent("x"))));

    [Fact]
    public Task A_cancellation_is_told_as_by_NET() =>
        AssertSameAsync(_ => "", async (client, uri) =>
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync(uri, cancel.Token));
        });

    [Fact]
    public Task Each_hop_of_a_redirect_has_its_own() =>
        AssertSameAsync(
            request => request.Contains("/first", StringComparison.Ordinal) ? Reply.With("302 Found", "", "Location: /second") : Reply.Ok(),
            (client, uri) => client.GetStringAsync(new Uri(uri, "/first")));

    [Fact]
    public async Task Its_parent_is_the_activity_of_the_caller_which_is_current_again_afterwards()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        using var activities = Listen(server.Port);
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false });
        using var mine = new Activity("mine");
        mine.Start();
        Task<string> pending = client.GetStringAsync(server.Uri);
        Assert.Same(mine, Activity.Current);
        await pending;
        Assert.Same(mine, Activity.Current);
        Activity activity = Assert.Single(activities.Stopped);
        Assert.Equal(mine.SpanId, activity.ParentSpanId);
        Assert.Equal(ActivityKind.Client, activity.Kind);
        Assert.Contains($"traceparent: {activity.Id}\r\n", server.Requests[0], StringComparison.Ordinal);
        mine.Stop();

        Assert.Null(Activity.Current);
        await client.GetStringAsync(server.Uri);
        Assert.Null(Activity.Current);
        await Task.Run(() => client.Send(new HttpRequestMessage(HttpMethod.Get, server.Uri)).Dispose());
        Assert.Equal(3, activities.Stopped.Count);
    }

    [Fact]
    public async Task Without_a_listener_the_trace_of_the_caller_is_written_all_the_same()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false });
        await client.GetStringAsync(server.Uri);
        using (var mine = new Activity("mine"))
        {
            mine.Start();
            mine.TraceStateString = "vendor=1";
            mine.AddBaggage("key", "value");
            await client.GetStringAsync(server.Uri);
            string traced = server.Requests[1];
            Assert.Contains($"traceparent: 00-{mine.TraceId}-", traced, StringComparison.Ordinal);
            Assert.Contains("tracestate: vendor=1\r\n", traced, StringComparison.Ordinal);
            Assert.Contains("key", traced, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("traceparent", server.Requests[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_traceparent_of_the_caller_is_kept()
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false });
        using var mine = new Activity("mine");
        mine.Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        request.Headers.Add("TraceParent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Contains(
            "TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", server.Requests[0], StringComparison.Ordinal);
        Assert.DoesNotContain("traceparent", server.Requests[0], StringComparison.Ordinal);
        Assert.Equal("TraceParent", Assert.Single(request.Headers.NonValidated).Key);
    }

    [Theory]
    [InlineData("null", "")]
    [InlineData("none", "")]
    [InlineData("custom", "x-trace: mine\r\n")]
    public async Task The_propagator_decides_what_is_written(string kind, string expected)
    {
        await using var server = new ParityServer(_ => Reply.Ok());
        using var client = new HttpClient(new PooledHttpHandler
        {
            UseProxy = false,
            ActivityHeadersPropagator =
                kind switch { "null" => null, "none" => DistributedContextPropagator.CreateNoOutputPropagator(), _ => new OwnPropagator() },
        });
        using var mine = new Activity("mine");
        mine.Start();
        await client.GetStringAsync(server.Uri);
        Assert.Equal($"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\n{expected}\r\n", server.Requests[0]);
    }

    [Fact]
    public async Task A_trace_is_written_anew_for_each_hop()
    {
        await using var server = new ParityServer(
            request => request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("302 Found", "", "Location: /second")
                : Reply.Ok());
        using var activities = Listen(server.Port);
        using var client = new HttpClient(new PooledHttpHandler { UseProxy = false });
        await client.GetStringAsync(new Uri(server.Uri, "/first"));
        Assert.Equal(2, activities.Stopped.Count);
        Assert.Contains(activities.Stopped[0].Id!, server.Requests[0], StringComparison.Ordinal);
        Assert.Contains(activities.Stopped[1].Id!, server.Requests[1], StringComparison.Ordinal);
    }

    private static ActivityCollector Listen(int port) =>
        new(activity => Equals(activity.GetTagItem("server.port"), port), "System.Net.Http");

    private static async Task AssertSameAsync(Func<string, Reply> answer, Func<HttpClient, Uri, Task> scenario) =>
        Assert.Equal(
            await PlayAsync(new SocketsHttpHandler { UseProxy = false }, answer, scenario),
            await PlayAsync(new PooledHttpHandler { UseProxy = false }, answer, scenario));

    private static async Task<string> PlayAsync(
        HttpMessageHandler handler, Func<string, Reply> answer, Func<HttpClient, Uri, Task> scenario)
    {
        await using var server = new ParityServer(answer);
        using ActivityCollector activities = Listen(server.Port);
        using var client = new HttpClient(handler);
        await scenario(client, server.Uri);
        return string.Join('\n', activities.Stopped.Select(Describe)).Replace($":{server.Port}", ":PORT", StringComparison.Ordinal);

        string Describe(Activity activity)
        {
            IEnumerable<string> tags = activity.TagObjects.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(
                tag => string.Create(CultureInfo.InvariantCulture,
                $"{tag.Key}={(tag.Key == "server.port" ? "PORT" : tag.Value)} ({tag.Value?.GetType().Name})"));
            return $"{activity.DisplayName} {activity.Kind} {activity.Status} '{activity.StatusDescription}'\n  "
            + string.Join("\n  ", tags);
        }
    }

    private sealed class OwnPropagator : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => ["x-trace"];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) =>
            setter!(carrier, "x-trace", activity!.OperationName);

        public override void ExtractTraceIdAndState(
            object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) =>
            null;
    }
}
