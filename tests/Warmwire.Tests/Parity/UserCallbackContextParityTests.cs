using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// What user callbacks find around them: nobody's SynchronizationContext, but the caller's AsyncLocals and activity where .NET gives
/// them.
/// </summary>
public sealed class UserCallbackContextParityTests
{
    private static readonly AsyncLocal<string> s_local = new();

    public static TheoryData<string> Callbacks =>
    [
        nameof(SocketsHttpHandler.ConnectCallback),
        nameof(SocketsHttpHandler.PlaintextStreamFilter),
        nameof(SslClientAuthenticationOptions.RemoteCertificateValidationCallback),
        nameof(SocketsHttpHandler.RequestHeaderEncodingSelector),
        nameof(SocketsHttpHandler.ResponseHeaderEncodingSelector),
    ];

    [Theory]
    [MemberData(nameof(Callbacks))]
    [Trait("Issue10", "O1-callback-context")]
    public async Task A_callback_has_no_context_of_the_caller_but_its_AsyncLocals_and_activity_as_with_NET(string callback)
    {
        (ParityOutcome reference, ParityOutcome ours) = await ParityScenario.PlayBothAsync(stage => PlayAsync(stage, callback));
        Assert.Equal("called", ours["callback"]);
        Assert.Equal("none", ours["SynchronizationContext"]);
        Assert.Equal(reference["callback"], ours["callback"]);
        Assert.Equal(reference["AsyncLocal"], ours["AsyncLocal"]);
        Assert.Equal(reference["Activity"], ours["Activity"]);
    }

    private static async Task PlayAsync(ParityStage stage, string callback)
    {
        await using KestrelServer server = await KestrelServer.StartAsync(_ => Task.CompletedTask);
        void Look()
        {
            stage.Outcome.Tell("callback", "called");
            stage.Outcome.Tell("SynchronizationContext", SynchronizationContext.Current is null ? "none" : "the caller's");
            stage.Outcome.Tell("AsyncLocal", s_local.Value ?? "none");
            stage.Outcome.Tell("Activity", Activity.Current is { } activity ? activity.OperationName : "none");
        }

        SslClientAuthenticationOptions trusting = TestCertificates.Trusting();
        if (callback == nameof(SslClientAuthenticationOptions.RemoteCertificateValidationCallback))
        {
            trusting.RemoteCertificateValidationCallback = (_, _, _, _) =>
            {
                Look();
                return true;
            };
        }

        HttpMessageHandler handler = callback switch
        {
            nameof(SocketsHttpHandler.ConnectCallback) => stage.Create(new
            {
                SslOptions = trusting,
                ConnectCallback = new Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>(async (context, token) =>
                {
                    Look();
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, token);
                    return new NetworkStream(socket, ownsSocket: true);
                }),
            }),
            nameof(SocketsHttpHandler.PlaintextStreamFilter) => stage.Create(new
            {
                SslOptions = trusting,
                PlaintextStreamFilter = new Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken,
                    ValueTask<Stream>>((context, _) =>
                {
                    Look();
                    return ValueTask.FromResult(context.PlaintextStream);
                }),
            }),
            nameof(SocketsHttpHandler.RequestHeaderEncodingSelector) =>
                stage.Create(new { SslOptions = trusting, RequestHeaderEncodingSelector = Selector(Look) }),
            nameof(SocketsHttpHandler.ResponseHeaderEncodingSelector) =>
                stage.Create(new { SslOptions = trusting, ResponseHeaderEncodingSelector = Selector(Look) }),
            _ => stage.Create(new { SslOptions = trusting }),
        };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            // The caller's thread: a context that runs things where they are posted, an AsyncLocal, an activity.
            SynchronizationContext.SetSynchronizationContext(new InlineContext());
            s_local.Value = "the caller's";
            Activity.Current = new Activity("the caller's activity").Start();
            var request = ParityStage.Get(server.HttpsUri);
            request.Headers.TryAddWithoutValidation("X-Test", "value");
            invoker.SendAsync(request, default).ContinueWith(
                task =>
                {
                    stage.Outcome.Tell("request", task.Exception is null ? "ok" : ParityOutcome.Describe(task.Exception.InnerException));
                    done.TrySetResult();
                },
                TaskScheduler.Default);
        });
        thread.Start();
        await ParityStage.Soon(done.Task, "the request's end");
    }

    private static HeaderEncodingSelector<HttpRequestMessage> Selector(Action look) => (_, _) =>
    {
        look();
        return Encoding.Latin1;
    };

    private sealed class InlineContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            SynchronizationContext? previous = Current;
            SetSynchronizationContext(this);
            d(state);
            SetSynchronizationContext(previous);
        }
    }
}
