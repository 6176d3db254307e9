using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Warmwire.Tests.Kit;
using Xunit;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Warmwire.Tests.Pooling;

/// <summary>Code of the program's that sends a request and waits for it, or blocks, where the pool or a connection has called it.</summary>
public sealed class ForeignStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_may_send_a_request_and_wait_for_it_while_it_is_disposed(bool http2)
    {
        await using KestrelServer server = await ServeAsync(http2);
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler);
        Task<HttpStatusCode>? nested = null;
        bool answered = false;
        int disposals = 0;
        handler.ConnectCallback = async (context, token) => new UserStream(await ConnectAsync(context, token))
        {
            OnDispose = () =>
            {
                if (Interlocked.Increment(ref disposals) == 1)
                {
                    nested = http2 ? GetAsync(invoker, server, http2) : Task.FromResult(Get(invoker, server));
                    answered = nested.Wait(Guard.Limit);
                }
            },
        };
        Assert.Equal(HttpStatusCode.OK, await GetAsync(invoker, server, http2));
        await Eventually.IsTrue(() => handler.GetSnapshot().Idle == 1, "the connection is idle");
        await Guard.Within(Task.Run(handler.CloseIdleConnections), () => "the stream that is disposed waits for its request");
        Assert.True(answered);
        Assert.Equal(HttpStatusCode.OK, await nested!);
    }

    [Fact]
    public async Task A_stream_that_blocks_in_a_write_does_not_block_the_caller()
    {
        await using KestrelServer server = await ServeAsync(http2: true);
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler);
        using var open = new ManualResetEventSlim(initialState: true);
        handler.ConnectCallback = async (context, token) => new UserStream(await ConnectAsync(context, token))
        {
            OnWrite = () => open.Wait(Guard.Limit * 3),
        };
        Assert.Equal(HttpStatusCode.OK, await GetAsync(invoker, server, http2: true));
        open.Reset();
        using var caller = new CancellationTokenSource();
        Task<HttpResponseMessage>? response = null;
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            response = invoker.SendAsync(Request(server, http2: true), caller.Token);
            returned.SetResult();
        });
        thread.Start();
        await Guard.Within(returned.Task, () => "the caller stands in the stream's write");
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => response!);
        open.Set();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_listener_may_wait_for_a_request_when_it_is_told_of_a_dial(bool http2)
    {
        await using KestrelServer server = await ServeAsync(http2);
        using var meters = new TestMeterFactory();
        using var handler = new PooledHttpHandler { UseProxy = false, MeterFactory = meters };
        using var invoker = new HttpMessageInvoker(handler);
        using var listener = new MeterListener();
        bool? answered = null;
        int told = 0;
        listener.InstrumentPublished = (instrument, from) =>
        {
            if (instrument.Name == "warmwire.client.dials" && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                from.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            if (Interlocked.Increment(ref told) == 1)
            {
                answered = Task.Run(() => GetAsync(invoker, server, http2)).Wait(Guard.Limit / 2);
            }
        });
        listener.Start();
        Assert.Equal(HttpStatusCode.OK, await Guard.Within(Task.Run(() => GetAsync(invoker, server, http2)), () => "the request"));
        await Eventually.IsTrue(() => answered is not null, "the listener goes on");
        Assert.True(answered);
    }

    private static Task<KestrelServer> ServeAsync(bool http2) => KestrelServer.StartAsync(
        static context => context.Response.WriteAsync("ok"),
        new KestrelServerSettings { Protocols = http2 ? HttpProtocols.Http2 : HttpProtocols.Http1 });

    private static HttpRequestMessage Request(KestrelServer server, bool http2) => new(HttpMethod.Get, server.HttpUri)
    {
        Version = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static HttpStatusCode Get(HttpMessageInvoker invoker, KestrelServer server)
    {
        using var limit = new CancellationTokenSource(Guard.Limit / 2);
        using HttpResponseMessage response = invoker.Send(Request(server, http2: false), limit.Token);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> GetAsync(HttpMessageInvoker invoker, KestrelServer server, bool http2)
    {
        using HttpResponseMessage response = await invoker.SendAsync(Request(server, http2), CancellationToken.None).ConfigureAwait(false);
        return response.StatusCode;
    }

    private static async Task<NetworkStream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken token)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, token).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private sealed class UserStream(Stream inner) : Stream
    {
        private int _disposed;

        public Action? OnDispose { get; init; }

        public Action? OnWrite { get; init; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            OnWrite?.Invoke();
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                OnDispose?.Invoke();
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
