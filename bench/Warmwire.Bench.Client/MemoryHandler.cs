namespace Warmwire.Bench.Client;

/// <summary>Answers from memory: the floor, what the public types and this program cost by themselves.</summary>
internal sealed class MemoryHandler : HttpMessageHandler
{
    private static readonly byte[] s_body = "Hello, World!\n"u8.ToArray();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage { RequestMessage = request, Content = new ByteArrayContent(s_body) });
}
