using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Warmwire.Clients.Tests;

/// <summary>A gRPC service over text, bound by hand, so that no code is generated.</summary>
[BindServiceMethod(typeof(EchoService), nameof(Bind))]
public class EchoService
{
    private static readonly Marshaller<string> s_text = new(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);

    public static Method<string, string> Unary { get; } = Define(MethodType.Unary, nameof(Unary));

    public static Method<string, string> ServerStream { get; } = Define(MethodType.ServerStreaming, nameof(ServerStream));

    public static Method<string, string> ClientStream { get; } = Define(MethodType.ClientStreaming, nameof(ClientStream));

    public static Method<string, string> Duplex { get; } = Define(MethodType.DuplexStreaming, nameof(Duplex));

    /// <summary>What the server library calls to learn of the methods.</summary>
    public static void Bind(ServiceBinderBase binder, EchoService? service)
    {
        ArgumentNullException.ThrowIfNull(binder);
        binder.AddMethod(Unary, service is null ? null : service.UnaryAsync);
        binder.AddMethod(ServerStream, service is null ? null : service.ServerStreamAsync);
        binder.AddMethod(ClientStream, service is null ? null : service.ClientStreamAsync);
        binder.AddMethod(Duplex, service is null ? null : service.DuplexAsync);
    }

    public virtual async Task<string> UnaryAsync(string request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (request == "wait")
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }

        return request == "fail" ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "as asked")) : request;
    }

    public virtual async Task ServerStreamAsync(string request, IServerStreamWriter<string> responses, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(responses);
        if (request == "fail")
        {
            await responses.WriteAsync("first");
            throw new RpcException(new Status(StatusCode.DataLoss, "as asked"));
        }

        for (int i = 0; i < int.Parse(request, CultureInfo.InvariantCulture); i++)
        {
            await responses.WriteAsync($"{i}");
        }
    }

    public virtual async Task<string> ClientStreamAsync(IAsyncStreamReader<string> requests, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        int length = 0;
        await foreach (string request in requests.ReadAllAsync())
        {
            length += request.Length;
        }

        return length.ToString(CultureInfo.InvariantCulture);
    }

    public virtual async Task DuplexAsync(
        IAsyncStreamReader<string> requests, IServerStreamWriter<string> responses, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(responses);
        ArgumentNullException.ThrowIfNull(context);
        switch (context.RequestHeaders.GetValue("how"))
        {
            case "end":
                await requests.MoveNext();
                return;
            case "wait":
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
                return;
        }

        await foreach (string request in requests.ReadAllAsync())
        {
            await responses.WriteAsync(request);
        }
    }

    private static Method<string, string> Define(MethodType type, string name) => new(type, "test.Echo", name + "Async", s_text, s_text);
}
