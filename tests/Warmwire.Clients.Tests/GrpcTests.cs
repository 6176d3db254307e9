using System.Net.Http;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Warmwire.Clients.Tests.Kit;
using Warmwire.Tests.Parity;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>Grpc.Net.Client over both handlers, against a server of Grpc.AspNetCore.</summary>
public sealed class GrpcTests
{
    [Fact]
    [Trait("Issue10", "Q0-grpc-works")]
    public Task All_four_kinds_of_calls_work() => AssertAsync(
        async (stage, invoker) =>
        {
            stage.Outcome.Tell("unary", await invoker.AsyncUnaryCall(EchoService.Unary, null, default, "hello"));
            using (AsyncServerStreamingCall<string> call = invoker.AsyncServerStreamingCall(EchoService.ServerStream, null, default, "100"))
            {
                stage.Outcome.Tell("server streaming", await CountAsync(call.ResponseStream));
            }

            using (AsyncClientStreamingCall<string,
                string> call = invoker.AsyncClientStreamingCall(EchoService.ClientStream, null, default))
            {
                for (int i = 0; i < 100; i++)
                {
                    await call.RequestStream.WriteAsync(new string('x', 1000));
                }

                await call.RequestStream.CompleteAsync();
                stage.Outcome.Tell("client streaming", await call.ResponseAsync);
            }

            using (AsyncDuplexStreamingCall<string, string> call = invoker.AsyncDuplexStreamingCall(EchoService.Duplex, null, default))
            {
                int echoes = 0;
                for (int i = 0; i < 100; i++)
                {
                    await call.RequestStream.WriteAsync($"{i}");
                    echoes += await call.ResponseStream.MoveNext(default) && call.ResponseStream.Current == $"{i}" ? 1 : 0;
                }

                await call.RequestStream.CompleteAsync();
                stage.Outcome.Tell("duplex", echoes);
                stage.Outcome.Tell("duplex ends", await call.ResponseStream.MoveNext(default));
            }
        },
        ("unary", "hello"), ("server streaming", 100), ("client streaming", "100000"), ("duplex", 100), ("duplex ends", false));

    [Fact]
    [Trait("Issue10", "Q0-grpc-works")]
    public Task Deadlines_cancellation_and_failures_of_the_server_have_their_status() => AssertAsync(
        async (stage, invoker) =>
        {
            var soon = new CallOptions(deadline: DateTime.UtcNow.AddMilliseconds(200));
            await TellStatusAsync(stage, "deadline", () => invoker.AsyncUnaryCall(EchoService.Unary, null, soon, "wait").ResponseAsync);
            using var source = new CancellationTokenSource(200);
            await TellStatusAsync(stage, "cancelled", () => invoker.AsyncUnaryCall(
                EchoService.Unary, null, new CallOptions(cancellationToken: source.Token), "wait").ResponseAsync);
            await TellStatusAsync(stage, "server's failure", () =>
                invoker.AsyncUnaryCall(EchoService.Unary, null, default, "fail").ResponseAsync);
            using AsyncServerStreamingCall<string> call = invoker.AsyncServerStreamingCall(EchoService.ServerStream, null, default, "fail");
            await TellStatusAsync(stage, "failure in mid-stream", () => CountAsync(call.ResponseStream));
        },
        ("deadline", StatusCode.DeadlineExceeded), ("cancelled", StatusCode.Cancelled), ("server's failure", StatusCode.FailedPrecondition),
        ("failure in mid-stream", StatusCode.DataLoss));

    [Theory]
    [InlineData("ended by the server")]
    [InlineData("deadline")]
    [InlineData("cancelled")]
    [Trait("Issue10", "Q1-grpc-write-after-end")]
    public Task A_write_on_a_call_that_is_over_fails_with_RpcException(string how) => AssertAsync(
        async (stage, invoker) =>
        {
            var ends = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < 30; i++)
            {
                using var source = new CancellationTokenSource();
                var options = new CallOptions(
                    new Metadata { { "how", how == "ended by the server" ? "end" : "wait" } },
                    deadline: how == "deadline" ? DateTime.UtcNow.AddMilliseconds(50) : null,
                    cancellationToken: source.Token);
                using AsyncDuplexStreamingCall<string, string> call = invoker.AsyncDuplexStreamingCall(EchoService.Duplex, null, options);
                string end = "(none)";
                for (int write = 0; write < 500 && end == "(none)"; write++)
                {
                    try
                    {
                        // A deadline may pass before the first write: on a busy machine 50 ms are over soon.
                        await call.RequestStream.WriteAsync("more");
                        if (write == 0 && how == "cancelled")
                        {
                            await source.CancelAsync();
                        }

                        // Real time: the pace of a caller that writes on, so that the writes do not all stand in the first moment.
                        await Task.Delay(1);
                    }
                    catch (Exception e)
                    {
                        end = e is RpcException ? "RpcException" : e is InvalidOperationException
                            ? "InvalidOperationException" : e.GetType().Name;
                    }
                }

                ends[end] = ends.GetValueOrDefault(end) + 1;
            }

            // gRPC itself answers a write on a call it knows to be complete with InvalidOperationException or RpcException.
            stage.Outcome.TellAtMost("IOException", ends.GetValueOrDefault("IOException"));
            stage.Outcome.TellAtMost("writes that never fail", ends.GetValueOrDefault("(none)"));
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", ends));
        },
        ("IOException", 0), ("writes that never fail", 0));

    [Theory]
    [InlineData("connect")]
    [InlineData("tls")]
    [Trait("Issue10", "Q2-grpc-timeout-unavailable")]
    public Task A_connect_that_times_out_is_Unavailable_and_is_tried_again(string what) => ClientScenario.AssertAsync(
        async stage =>
        {
            await using var silent = new Warmwire.Tests.Kit.RawServer((_, _, token) => Task.Delay(Timeout.Infinite, token));
            int dials = 0;
            HttpMessageHandler handler = stage.Create(new
            {
                ConnectTimeout = TimeSpan.FromMilliseconds(200),
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(async (context, token) =>
                {
                    Interlocked.Increment(ref dials);
                    if (what == "connect")
                    {
                        await Task.Delay(Timeout.Infinite, token);
                    }

                    var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                    await socket.ConnectAsync(System.Net.IPAddress.Loopback, silent.Port, token);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                }),
            });
            if (stage.IsOurs && what == "tls")
            {
                ((PooledHttpHandler)handler).TlsHandshakeTimeout = TimeSpan.FromMilliseconds(200);
            }

            using GrpcChannel channel =
                GrpcChannel.ForAddress($"{(what == "tls" ? "https" : "http")}://localhost:{silent.Port}", new GrpcChannelOptions
            {
                HttpHandler = handler,
                ServiceConfig = Retrying(),
            });
            await TellStatusAsync(stage, "call", () =>
                channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, "hello").ResponseAsync);
            stage.Outcome.Tell("dials", dials);
        },
        ("call", StatusCode.Unavailable), ("dials", 3));

    [Fact]
    [Trait("Issue10", "Q0-grpc-works")]
    public Task A_refused_connection_is_Unavailable() => ClientScenario.AssertAsync(
        async stage =>
        {
            using GrpcChannel channel =
                GrpcChannel.ForAddress("http://127.0.0.1:1", new GrpcChannelOptions { HttpHandler = stage.Create() });
            await TellStatusAsync(stage, "call", () =>
                channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, "hello").ResponseAsync);
        },
        ("call", StatusCode.Unavailable));

    private static ServiceConfig Retrying() => new()
    {
        MethodConfigs =
        {
            new MethodConfig
            {
                Names = { MethodName.Default },
                RetryPolicy = new RetryPolicy
                {
                    MaxAttempts = 3,
                    InitialBackoff = TimeSpan.FromMilliseconds(10),
                    MaxBackoff = TimeSpan.FromMilliseconds(10),
                    BackoffMultiplier = 1,
                    RetryableStatusCodes = { StatusCode.Unavailable },
                },
            },
        },
    };

    private static Task AssertAsync(Func<ClientStage, CallInvoker, Task> scenario, params (string Fact, object? Value)[] right) =>
        ClientScenario.AssertAsync(
        async stage =>
        {
            await using AppServer server = await AppServer.StartAsync(
                app => app.MapGrpcService<EchoService>(), services => services.AddGrpc(), HttpProtocols.Http2);
            using GrpcChannel channel = GrpcChannel.ForAddress(server.Uri, new GrpcChannelOptions { HttpHandler = stage.Create() });
            await scenario(stage, channel.CreateCallInvoker());
        },
        right);

    private static async Task TellStatusAsync(ClientStage stage, string name, Func<Task> call)
    {
        try
        {
            await call();
            stage.Outcome.Tell(name, StatusCode.OK);
        }
        catch (RpcException e)
        {
            stage.Outcome.Tell(name, e.StatusCode);
            TestContext.Current.TestOutputHelper?.WriteLine(ParityOutcome.Describe(e.Status.DebugException));
        }
    }

    private static async Task<int> CountAsync(IAsyncStreamReader<string> reader)
    {
        int count = 0;
        while (await reader.MoveNext(default))
        {
            count++;
        }

        return count;
    }
}
