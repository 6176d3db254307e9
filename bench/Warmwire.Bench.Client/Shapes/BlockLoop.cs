using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// One continuation in <c>every=</c> blocks its thread for <c>block=</c> milliseconds. The latencies are those of the other requests.
/// </summary>
internal sealed class BlockLoop : ClosedLoop
{
    private readonly int _every;
    private readonly int _milliseconds;
    private readonly bool _read;
    private int _counter;

    public BlockLoop(Words words)
        : base(words)
    {
        _every = words.Number("every", 200);
        _milliseconds = words.Number("block", 20);
        _read = !Contestant.IsClient(words);
    }

    protected override async Task WorkAsync()
    {
        long requests = 0;
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            if (start >= Deadline)
            {
                break;
            }

            try
            {
                using HttpResponseMessage response = await Invoker.SendAsync(
                    new HttpRequestMessage(HttpMethod.Get, Uri), CancellationToken.None);
                if (_read)
                {
                    await response.Content.CopyToAsync(Sink);
                }

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
            if ((uint)Interlocked.Increment(ref _counter) % (uint)_every == 0)
            {
                Thread.Sleep(_milliseconds);
            }
            else
            {
                Record(Stopwatch.GetTimestamp() - start);
            }
        }

        Finish(requests);
    }
}
