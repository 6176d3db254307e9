using System.Diagnostics;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// The time from making the handler to the end of its first answer, and of a second one; meant for a process that has done nothing else
/// but to run its own code once, which would be compiled at the first answer that has to be waited for, and not at another.
/// </summary>
internal sealed class FirstResponse : IShape
{
    private readonly Words _words;
    private readonly Uri _uri;

    public FirstResponse(Words words)
    {
        _words = words;
        _uri = words.Uri("url");
    }

    public async Task<Reply> RunAsync(Words order)
    {
        using (var warmUp = new HttpMessageInvoker(new WaitingHandler()))
        {
            await GetAsync(warmUp);
        }

        ResourceUsage before = ResourceUsage.Now();
        long start = Stopwatch.GetTimestamp();
        using HttpMessageInvoker invoker = Contestant.CreateInvoker(_words, Contestant.CreateHandler(_words, connections: 0));
        int status = await GetAsync(invoker);
        long first = Stopwatch.GetTimestamp();
        ResourceUsage after = ResourceUsage.Now();
        await GetAsync(invoker);
        double second = Stopwatch.GetElapsedTime(first).TotalMicroseconds;

        var reply = new Reply();
        after.AddTo(reply, before);
        return reply
            .Add("requests", 2)
            .Add("errors", status == 200 ? 0 : 1)
            .Add("firstUs", Stopwatch.GetElapsedTime(start, first).TotalMicroseconds)
            .Add("secondUs", second);
    }

    public void Dispose()
    {
    }

    private async Task<int> GetAsync(HttpMessageInvoker invoker)
    {
        using HttpResponseMessage response = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, _uri), CancellationToken.None);
        await response.Content.CopyToAsync(Stream.Null);
        return (int)response.StatusCode;
    }

    /// <summary>Has no answer at once, and no code in common with a handler that is measured.</summary>
    private sealed class WaitingHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(1, cancellationToken);
            return new HttpResponseMessage();
        }
    }
}
