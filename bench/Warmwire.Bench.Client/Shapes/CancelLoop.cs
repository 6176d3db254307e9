using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// Answers that take a while; <c>percent=</c> of the requests are cancelled <c>after=</c> milliseconds. The latencies are those of the
/// others.
/// </summary>
internal sealed class CancelLoop : ClosedLoop
{
    private readonly int _percent;
    private readonly TimeSpan _after;
    private readonly bool _read;
    private int _counter;

    public CancelLoop(Words words)
        : base(words)
    {
        _percent = words.Number("percent", 30);
        _after = TimeSpan.FromMilliseconds(words.Number("after", 10));
        _read = !Contestant.IsClient(words);
    }

    protected override async Task WorkAsync()
    {
        long requests = 0;
        long cancelled = 0;
        long start = Stopwatch.GetTimestamp();
        while (start < Deadline)
        {
            // Spread evenly: 30 % are requests 0, 4 and 7 of each ten.
            bool cancel = (uint)Interlocked.Increment(ref _counter) * _percent % 100 < _percent;
            bool answered = false;
            try
            {
                if (cancel)
                {
                    using var limit = new CancellationTokenSource(_after);
                    answered = await SendAsync(limit.Token);
                }
                else
                {
                    answered = await SendAsync(CancellationToken.None);
                }
            }
            catch (OperationCanceledException) when (cancel)
            {
                cancelled++;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                if (!Failed(TextOf(e)))
                {
                    break;
                }
            }

            requests++;
            long end = Stopwatch.GetTimestamp();
            if (answered && !cancel)
            {
                Record(end - start);
            }

            start = end;
        }

        Finish(requests, cancelled);
    }

    private async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Uri);
        using HttpResponseMessage response = await Invoker.SendAsync(request, cancellationToken);
        if (_read)
        {
            await response.Content.CopyToAsync(Sink, cancellationToken);
        }

        return response.StatusCode == HttpStatusCode.OK || (Failed($"status {(int)response.StatusCode}") && false);
    }
}
