using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>The kinds of failures that existing handlers and retry predicates look at.</summary>
public sealed class FailureParityTests
{
    [Fact]
    public Task A_name_that_does_not_exist() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), run => run.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://nowhere.invalid/")));

    [Fact]
    public async Task A_refused_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await ParityRun.AssertSameAsync(_ => Reply.Ok(), async run =>
        {
            await run.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/"));
            run.Log("inner", await InnerAsync(run, $"http://127.0.0.1:{port}/"));
        });
    }

    [Fact]
    public Task A_certificate_nobody_trusts() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), async run =>
        {
            await run.SendAsync("GET");
            run.Log("inner", await InnerAsync(run, run.Uri.AbsoluteUri));
        }, new { SslOptions = new System.Net.Security.SslClientAuthenticationOptions() }, isTls: true);

    [Fact]
    public Task A_certificate_for_another_name() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            run => run.SendAsync(RequestParityTests.With(run.Request("GET"), headers => headers.Host = "other.test")),
            isTls: true);

    [Fact]
    public Task TLS_towards_a_server_that_speaks_none() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), async run =>
        {
            await using var server = new RawServer(async (stream, _, token) =>
            {
                await stream.ReadExactlyAsync(new byte[1], token);
                await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), token);
            });
            await run.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{server.Port}/"));
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task The_timeout_of_the_client_is_a_cancellation_with_a_TimeoutException(bool beforeTheHead) =>
        ParityRun.AssertSameAsync(_ => beforeTheHead ? "" : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", async run =>
        {
            // Time may be up before the server has read what was sent.
            run.RecordsRequests = false;
            run.Client.Timeout = TimeSpan.FromMilliseconds(200);
            await run.SendAsync("GET");
            await run.LogFailureAsync(() => run.Client.GetStringAsync(run.Uri));
            await run.LogFailureAsync(() => Task.Run(() => run.Client.Send(run.Request("GET"))));
        });

    [Theory]
    [InlineData(HttpCompletionOption.ResponseContentRead)]
    [InlineData(HttpCompletionOption.ResponseHeadersRead)]
    public Task Cancellation_carries_the_token_of_the_caller(HttpCompletionOption completion) =>
        ParityRun.AssertSameAsync(_ => "", async run =>
        {
            using var cancelled = new CancellationTokenSource();
            await cancelled.CancelAsync();
            await run.SendAsync(run.Request("GET"), completion, cancelled.Token);
            using var cancel = new CancellationTokenSource();
            await Task.WhenAll(CancelWhenSeenAsync(run, 1, cancel), run.SendAsync(run.Request("GET"), completion, cancel.Token));
            using var invoker = new HttpMessageInvoker(run.Handler, disposeHandler: false);
            using var direct = new CancellationTokenSource();
            Task cancelling = CancelWhenSeenAsync(run, 2, direct);
            try
            {
                await invoker.SendAsync(run.Request("GET"), direct.Token);
            }
            catch (Exception e)
            {
                run.Log(e, direct.Token);
            }

            await cancelling;
        });

    private static async Task CancelWhenSeenAsync(ParityRun run, int requests, CancellationTokenSource cancel)
    {
        await Eventually.IsTrue(() => run.Server.Requests.Count == requests, "the server has seen the request");
        await cancel.CancelAsync();
    }

    [Fact]
    public Task Cancelling_the_reading_of_a_body() =>
        ParityRun.AssertSameAsync(_ => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", async run =>
        {
            using HttpResponseMessage response = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            byte[] buffer = new byte[10];
            run.Log("read", await body.ReadAsync(buffer));
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            try
            {
                await body.ReadExactlyAsync(buffer, cancel.Token);
            }
            catch (Exception e)
            {
                run.Log(e, cancel.Token);
            }
        });

    [Fact]
    public Task CancelPendingRequests_cancels_them_and_no_later_ones() =>
        ParityRun.AssertSameAsync(request => request.Contains("/now", StringComparison.Ordinal) ? Reply.Ok() : "", async run =>
        {
            Task pending = run.SendAsync("GET", "/wait");
            await Eventually.IsTrue(() => run.Server.Requests.Count == 1, "the request arrives");
            run.Client.CancelPendingRequests();
            await pending;
            await run.SendAsync("GET", "/now");
        });

    [Fact]
    public Task Disposing_the_client_in_mid_request() =>
        ParityRun.AssertSameAsync(_ => "", async run =>
        {
            Task pending = run.SendAsync("GET", "/wait");
            await Eventually.IsTrue(() => run.Server.Requests.Count == 1, "the request arrives");
            run.Client.Dispose();
            await pending;
            await run.LogFailureAsync(() => run.Client.GetStringAsync(run.Uri));
        });

    [Fact]
    public Task Reading_a_body_that_is_cut_short() =>
        ParityRun.AssertSameAsync(_ => new Reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", Close: true), async run =>
        {
            using HttpResponseMessage response = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            await run.LogFailureAsync(() => body.ReadExactlyAsync(new byte[5]).AsTask());
            await run.LogFailureAsync(() => run.Client.GetByteArrayAsync(run.Uri));
        });

    [Fact]
    public Task Using_a_handler_after_its_end() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), async run =>
        {
            using var invoker = new HttpMessageInvoker(run.Handler, disposeHandler: false);
            run.Handler.Dispose();
            await run.LogFailureAsync(() => invoker.SendAsync(run.Request("GET"), CancellationToken.None));
            await run.LogFailureAsync(() => Task.Run(() => invoker.Send(run.Request("GET"), CancellationToken.None)));
            await run.LogFailureAsync(() => invoker.SendAsync(null!, CancellationToken.None));
        });

    [Theory]
    [InlineData("RequestHeaderEncodingSelector")]
    [InlineData("ResponseHeaderEncodingSelector")]
    public Task A_selector_of_encodings_that_throws(string setting)
    {
        HeaderEncodingSelector<HttpRequestMessage> selector = (_, _) => throw new InvalidOperationException("the application's own fault");
        return ParityRun.AssertSameAsync(
            _ => Reply.With("200 OK", "", "X-Name: value"),
            async run =>
            {
                run.RecordsRequests = false;
                await run.SendAsync(RequestParityTests.With(run.Request("GET"), headers => headers.Add("X-Caller", "value")));
                run.Client.DefaultRequestHeaders.Add("X-Caller", "value");
                run.Log("inner", await InnerAsync(run, run.Uri.AbsoluteUri));
            },
            setting == "RequestHeaderEncodingSelector"
                ? new { RequestHeaderEncodingSelector = selector }
                : new { ResponseHeaderEncodingSelector = selector });
    }

    [Fact]
    public Task A_propagator_that_throws() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            async run =>
            {
                using var activity = new Activity("the caller's");
                activity.Start();
                await run.SendAsync("GET");
            },
            new { ActivityHeadersPropagator = new ThrowingPropagator() });

    [Fact]
    public Task A_meter_factory_that_throws() =>
        ParityRun.AssertSameAsync(
            _ => Reply.Ok(),
            async run =>
            {
                await run.SendAsync("GET");
                await run.SendAsync("GET");
            },
            new { MeterFactory = new ThrowingMeterFactory() });

    private static async Task<string> InnerAsync(ParityRun run, string uri)
    {
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => run.Client.GetStringAsync(uri));
        return string.Create(
            CultureInfo.InvariantCulture, $"{e.InnerException?.GetType().Name} {(e.InnerException as SocketException)?.SocketErrorCode}");
    }

    private sealed class ThrowingPropagator : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) =>
            throw new FormatException("the application's own fault");

        public override void ExtractTraceIdAndState(
            object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) =>
            null;
    }

    private sealed class ThrowingMeterFactory : IMeterFactory
    {
        public Meter Create(MeterOptions options) => throw new FormatException("the application's own fault");

        public void Dispose()
        {
        }
    }
}
