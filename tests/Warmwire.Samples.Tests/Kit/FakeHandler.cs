using System.Net;
using System.Text;

namespace Warmwire.Samples.Tests.Kit;

/// <summary>Answers requests as a test says, and keeps what they were.</summary>
internal sealed class FakeHandler(Func<FakeHandler.Call, CancellationToken, Task<HttpResponseMessage>> answer) : HttpMessageHandler
{
    private readonly List<Call> _calls = [];

    public FakeHandler(Func<Call, HttpResponseMessage> answer)
        : this((call, _) => Task.FromResult(answer(call)))
    {
    }

    public Call[] Calls
    {
        get
        {
            lock (_calls)
            {
                return [.. _calls];
            }
        }
    }

    public HttpClient Client => new(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    /// <summary>Never answers, until it is cancelled.</summary>
    public static async Task<HttpResponseMessage> NeverAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("not reached");
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var call = new Call(
            request.Method, request.RequestUri!, request.Headers.Authorization?.ToString(), body, request.Headers.ToString());
        lock (_calls)
        {
            _calls.Add(call);
        }

        return await answer(call, cancellationToken);
    }

    internal sealed record Call(HttpMethod Method, Uri Uri, string? Authorization, string Body, string Headers);
}
