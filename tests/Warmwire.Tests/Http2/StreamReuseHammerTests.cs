using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Servers.Http2;
using Warmwire.Tests.Soak;
using Xunit;
using KestrelServer = Warmwire.Tests.Kit.KestrelServer;

namespace Warmwire.Tests.Http2;

/// <summary>
/// Stream objects serve request after request while tokens, timers and uploads of earlier ones still fire: none reaches the wrong one.
/// </summary>
[Collection(nameof(Alone))]
public sealed class StreamReuseHammerTests(ITestOutputHelper output)
{
    private const int Workers = 48;
    private const int Requests = 6000;

    /// <summary>In a process of its own: whatever fails unobserved is of this test.</summary>
    [Fact]
    public Task Each_answer_belongs_to_its_request_whatever_ends_the_others() =>
        OwnProcess.RunAsync(typeof(StreamReuseHammerTests), RunAsync, output);

    private async Task RunAsync()
    {
        using var unobserved = new UnobservedFailures();
        await using KestrelServer server = await KestrelServer.StartAsync(
            async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                string body = await reader.ReadToEndAsync();
                if (context.Request.Query["slow"].Count > 0)
                {
                    // Real time: timeouts and cancellations of some milliseconds shall meet the answer at any moment of it.
                    await Task.Delay(2);
                }

                context.Response.Headers["x-id"] = context.Request.Headers["x-id"];
                await context.Response.WriteAsync($"{context.Request.Path} {body}");
            },
            new KestrelServerSettings
            {
                Protocols = HttpProtocols.Http2,
                Configure = kestrel => kestrel.Limits.Http2.MaxStreamsPerConnection = 1000,
            });
        using var client = new HttpMessageInvoker(Subject.Create());
        int next = 0, answered = 0, cancelled = 0, timedOut = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            for (int id = Interlocked.Increment(ref next); id <= Requests; id = Interlocked.Increment(ref next))
            {
                await OneAsync(id, random).ConfigureAwait(false);
            }
        })));
        output.WriteLine($"{answered} answered, {cancelled} cancelled, {timedOut} timed out, {server.Connections} connections");
        Assert.Equal(Requests, answered + cancelled + timedOut);

        // How many run out of time is the machine's affair.
        Assert.InRange(answered, Requests / 10, Requests);
        Assert.InRange(server.Connections, 1, 5);
        Assert.Empty(unobserved.Collect());

        async Task OneAsync(int id, Random random)
        {
            int kind = random.Next(6);
            bool post = random.Next(3) == 0;
            string text = id.ToString(CultureInfo.InvariantCulture);
            string sent = post ? $"body of {text}" : "";
            using var request = new HttpRequestMessage(
                post ? HttpMethod.Post : HttpMethod.Get, new Uri(server.HttpUri, $"/{text}{(random.Next(4) == 0 ? "?slow=1" : "")}"))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = post ? new StringContent(sent) : null,
            };
            request.Headers.Add("x-id", text);
            using var cancel = new CancellationTokenSource();
            bool mayBeCancelled = kind <= 1, mayTimeOut = kind == 2;
            if (mayTimeOut)
            {
                request.Options.Set(TransportOptions.ResponseHeadersTimeout, TimeSpan.FromMilliseconds(random.Next(1, 6)));
            }

            if (kind == 1)
            {
                cancel.CancelAfter(TimeSpan.FromMilliseconds(random.Next(1, 4)));
            }

            try
            {
                Task<HttpResponseMessage> sending = client.SendAsync(request, kind == 3 ? CancellationToken.None : cancel.Token);
                if (kind == 0)
                {
                    // At any moment of the exchange.
                    Thread.SpinWait(random.Next(20_000));
                    cancel.Cancel();
                }

                using HttpResponseMessage response = await sending.ConfigureAwait(false);
                if (random.Next(100) == 0)
                {
                    // Real time: holds the thread of the connection long enough for the monitor to depose it.
                    Thread.Sleep(2);
                }

                Assert.Equal(text, Assert.Single(response.Headers.GetValues("x-id")));
                Assert.Equal(
                    $"/{text} {sent}", await response.Content.ReadAsStringAsync(kind <= 1 ? cancel.Token : default).ConfigureAwait(false));
                Interlocked.Increment(ref answered);

                // Behind the answer: it must not reach the request that has the stream now.
                cancel.Cancel();
            }
            catch (OperationCanceledException) when (mayBeCancelled && cancel.IsCancellationRequested)
            {
                Interlocked.Increment(ref cancelled);
            }
            catch (TransportException e) when (mayTimeOut && e.IsTimeout)
            {
                Interlocked.Increment(ref timedOut);
            }
        }
    }
}
