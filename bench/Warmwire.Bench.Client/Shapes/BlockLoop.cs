using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// One continuation in <c>every=</c> blocks its thread for <c>block=</c> milliseconds, or for <c>block-us=</c> microseconds. The latencies
/// are those of the other requests.
/// </summary>
internal sealed partial class BlockLoop : ClosedLoop
{
    private readonly int _every;
    private readonly uint _microseconds;
    private readonly bool _read;
    private readonly bool _isHttp2;
    private int _counter;

    public BlockLoop(Words words)
        : base(words)
    {
        _every = words.Number("every", 200);
        _microseconds = (uint)words.Number("block-us", words.Number("block", 20) * 1000);
        _read = !Contestant.IsClient(words);
        _isHttp2 = Contestant.IsHttp2(words);
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
                    Contestant.CreateRequest(HttpMethod.Get, Uri, _isHttp2), CancellationToken.None);
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
                Block();
            }
            else
            {
                Record(Stopwatch.GetTimestamp() - start);
            }
        }

        Finish(requests);
    }

    private void Block()
    {
        if (OperatingSystem.IsWindows() || _microseconds >= 1000)
        {
            Thread.Sleep(TimeSpan.FromMicroseconds(_microseconds));
        }
        else
        {
            // Thread.Sleep has no time between nothing and a millisecond.
            _ = Sleep(_microseconds);
        }
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sleep(uint microseconds);
}
