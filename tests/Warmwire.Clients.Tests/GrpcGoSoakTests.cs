using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http;
using Grpc.Core;
using Grpc.Net.Client;
using Warmwire.Tests.Servers.Http2;
using Warmwire.Tests.Soak;
using Xunit;

namespace Warmwire.Clients.Tests;

/// <summary>Tests that measure: nothing runs beside them.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>
/// Grpc.Net.Client with a server of grpc-go, which sends a PING whenever DATA arrives and none is outstanding, and grows windows with it.
/// </summary>
[Collection(nameof(Alone))]
[Trait("Category", "Soak")]
public sealed class GrpcGoSoakTests(ITestOutputHelper output)
{
    private const int Workers = 64;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly Marshaller<byte[]> s_bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);
    private static readonly Method<byte[], byte[]> s_unary = new(MethodType.Unary, "test.Echo", "Unary", s_bytes, s_bytes);
    private static readonly Method<byte[], byte[]> s_duplex = new(MethodType.DuplexStreaming, "test.Echo", "Duplex", s_bytes, s_bytes);

    private static readonly byte[] s_data = ChildServer.Large;

    [Fact]
    public async Task Grpc_go_uses_no_more_than_a_tenth_of_an_allowance()
    {
        double seconds = double.Parse(Environment.GetEnvironmentVariable("WARMWIRE_SOAK_SECONDS") ?? "3", CultureInfo.InvariantCulture);
        string program = await GoProgram.BuildAsync("grpc.go", "google.golang.org/grpc");
        await using ChildServer server = await ChildServer.StartAsync(program, tls: false, static (_, port) => ["-port", $"{port}"]);
        using var handler = new PooledHttpHandler { UseProxy = false };
        using GrpcChannel channel = GrpcChannel.ForAddress(server.Uri, new GrpcChannelOptions { HttpHandler = handler });
        CallInvoker invoker = channel.CreateCallInvoker();
        var wrong = new ConcurrentQueue<string>();
        var answered = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var allowances = new AllowanceWatch(handler);
        await using (allowances)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
            await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(new Random(worker), stop.Token))))
                .WaitAsync(TimeSpan.FromSeconds(seconds) + s_patience);
        }

        PoolSnapshot end = handler.GetSnapshot();
        string calls = string.Join(", ", answered.Select(static pair => $"{pair.Key} {pair.Value:N0}"));
        output.WriteLine($"grpc-go, {seconds:0} s: {calls}; allowances used: {allowances}\n{end}");
        Assert.True(wrong.IsEmpty, $"{wrong.Count} wrong, such as:\n{string.Join('\n', wrong.Take(5))}");
        Assert.Equal(4, answered.Count);
        Assert.Empty(end.Origins.SelectMany(static origin => origin.ClosedBy.Keys));
        Assert.InRange(allowances.Max, 0, 0.1);

        async Task WorkAsync(Random random, CancellationToken token)
        {
            while (!token.IsCancellationRequested)
            {
                string kind = random.Next(10) switch { < 5 => "unary", < 7 => "unary large", < 9 => "duplex", _ => "cancelled" };
                try
                {
                    await (kind switch
                    {
                        "unary" => UnaryAsync(invoker, random.Next(1_000)),
                        "unary large" => UnaryAsync(invoker, random.Next(1_000_000)),
                        "duplex" => DuplexAsync(invoker, random),
                        _ => CancelledAsync(invoker, random),
                    });
                    answered.AddOrUpdate(kind, 1, static (_, count) => count + 1);
                }
                catch (Exception e)
                {
                    wrong.Enqueue($"{kind}: {e}");
                    return;
                }
            }
        }
    }

    private static async Task UnaryAsync(CallInvoker invoker, int length)
    {
        byte[] message = s_data[..length];
        Require(await invoker.AsyncUnaryCall(s_unary, null, default, message).ResponseAsync, message);
    }

    /// <summary>Messages there and back at the same time, as many as fit on their way.</summary>
    private static async Task DuplexAsync(CallInvoker invoker, Random random)
    {
        int count = random.Next(1, 30);
        byte[] message = s_data[..random.Next(1, random.Next(2) == 0 ? 200_000 : 2_000)];
        using AsyncDuplexStreamingCall<byte[], byte[]> call = invoker.AsyncDuplexStreamingCall(s_duplex, null, default);
        Task writing = WriteAsync();
        int came = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            Require(call.ResponseStream.Current, message);
            came++;
        }

        await writing;
        Assert.Equal(count, came);

        async Task WriteAsync()
        {
            for (int i = 0; i < count; i++)
            {
                await call.RequestStream.WriteAsync(message);
            }

            await call.RequestStream.CompleteAsync();
        }
    }

    private static async Task CancelledAsync(CallInvoker invoker, Random random)
    {
        using var cancel = new CancellationTokenSource();
        using AsyncDuplexStreamingCall<byte[], byte[]> call =
            invoker.AsyncDuplexStreamingCall(s_duplex, null, new CallOptions(cancellationToken: cancel.Token));
        try
        {
            for (int i = random.Next(5); i >= 0; i--)
            {
                await call.RequestStream.WriteAsync(s_data[..100_000], cancel.Token);
                if (i == 0)
                {
                    await cancel.CancelAsync();
                }

                await call.ResponseStream.MoveNext(cancel.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException || e is RpcException { StatusCode: StatusCode.Cancelled })
        {
            // As it was asked for.
        }
    }

    private static void Require(byte[] came, ReadOnlySpan<byte> right)
    {
        if (!right.SequenceEqual(came))
        {
            throw new InvalidOperationException($"{right.Length} bytes were sent, other {came.Length} bytes came back");
        }
    }
}
