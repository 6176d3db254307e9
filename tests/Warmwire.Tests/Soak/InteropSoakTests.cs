using System.Globalization;
using System.Net;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers.Http2;
using Xunit;

namespace Warmwire.Tests.Soak;

/// <summary>
/// A mixed load on the servers that people use: each request is answered, and no server comes near what would count as a flood.
/// grpc-go has its own such test in Warmwire.Clients.Tests.
/// </summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class InteropSoakTests(ITestOutputHelper output)
{
    private const int Workers = 64;

    [Theory]
    [InlineData("nginx")]
    [InlineData("nghttpd")]
    [InlineData("h2o")]
    [InlineData("apache2")]
    [InlineData("haproxy")]
    [InlineData("caddy")]
    [InlineData("Go")]
    [InlineData("Node")]
    [InlineData("Kestrel")]
    public async Task No_real_server_uses_more_than_a_tenth_of_an_allowance(string name)
    {
        InteropLoad load = await SoakAsync(name);
        Assert.True(load.Wrong.Count == 0, $"{load.Wrong.Count} wrong, such as:\n{string.Join('\n', load.Wrong.Take(5))}");
        Assert.All(load.Answered, static habit => Assert.True(habit.Value > 0, $"none of {habit.Key}"));
        int answered = load.Answered.Values.Sum();
        Assert.True(load.Refused + load.Broken <= answered / 10, $"{load.Refused} refused, {load.Broken} broken, {answered} answered");
    }

    /// <summary>
    /// A Node that has 1 MB for each connection resets nearly everything, and in the end the connection. That is its own affair.
    /// </summary>
    [Fact]
    public async Task A_server_that_refuses_what_it_has_no_room_for_sends_no_flood()
    {
        InteropLoad load = await SoakAsync("Node without room");
        Assert.True(load.Refused > 100, $"only {load.Refused} refused");
    }

    private async Task<InteropLoad> SoakAsync(string name)
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "3", CultureInfo.InvariantCulture);
        await using InteropServer server = await InteropServer.StartAsync(name);
        using HttpMessageHandler subject = Subject.Create();
        PooledHttpHandler handler = subject as PooledHttpHandler ?? new PooledHttpHandler();
        using var client = new HttpClient(subject)
        {
            BaseAddress = server.Uri,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        var load = new InteropLoad(client, server);
        var allowances = new AllowanceWatch(handler);
        await using (allowances)
        {
            try
            {
                await load.RunAsync(Workers, TimeSpan.FromSeconds(seconds));
            }
            catch
            {
                PoolSnapshot then = handler.GetSnapshot();
                output.WriteLine(
                    $"{load}\n{then}\n{string.Join('\n', then.Origins.SelectMany(static origin => origin.Connections))}");
                throw;
            }
        }

        PoolSnapshot end = handler.GetSnapshot();
        output.WriteLine($"{name}, {seconds:0} s: {load}; allowances used: {allowances}\n{end}");
        Assert.DoesNotContain(
            end.Origins.SelectMany(static origin => origin.ClosedBy.Keys),
            static reason => reason is CloseReason.PeerFlood or CloseReason.ProtocolError);
        Assert.InRange(allowances.Max, 0, 0.1);
        return load;
    }
}
