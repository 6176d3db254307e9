using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// GET, more at a time than the server has workers for. What counts is the answers that come within a deadline (<c>deadline=</c>, in
/// milliseconds), the wait in the client's own queue included.
/// </summary>
internal sealed class SaturateLoop(Words words) : ClosedLoop(words)
{
    private readonly TimeSpan _deadline = TimeSpan.FromMilliseconds(words.Number("deadline", 500));
    private long _inTime;

    protected override async Task WorkAsync()
    {
        long requests = 0;
        long inTime = 0;
        long start = Stopwatch.GetTimestamp();
        while (start < Deadline)
        {
            try
            {
                using HttpResponseMessage response = await Invoker.SendAsync(CreateRequest(HttpMethod.Get), CancellationToken.None);
                await response.Content.CopyToAsync(Sink);
                if (response.StatusCode != HttpStatusCode.OK && !Failed($"status {(int)response.StatusCode}"))
                {
                    break;
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                if (!Failed(TextOf(e)))
                {
                    break;
                }
            }

            requests++;
            long end = Stopwatch.GetTimestamp();
            Record(end - start);
            inTime += Stopwatch.GetElapsedTime(start, end) <= _deadline ? 1 : 0;
            start = end;
        }

        Interlocked.Add(ref _inTime, inTime);
        Finish(requests);
    }

    protected override void AddTo(Reply reply) => reply.Add("inTime", Interlocked.Exchange(ref _inTime, 0));
}
