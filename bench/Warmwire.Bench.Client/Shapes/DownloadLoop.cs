using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>Large bodies, read as a stream into one buffer of 64 KiB per task.</summary>
internal sealed class DownloadLoop : ClosedLoop
{
    private const int BufferSize = 64 * 1024;

    public DownloadLoop(Words words)
        : base(words)
    {
    }

    protected override async Task WorkAsync()
    {
        byte[] buffer = new byte[BufferSize];
        long requests = 0;
        long start = Stopwatch.GetTimestamp();
        while (start < Deadline)
        {
            try
            {
                HttpRequestMessage request = CreateRequest(HttpMethod.Get);
                using HttpResponseMessage response = await SendAsync(request);
                await using Stream body = await response.Content.ReadAsStreamAsync();
                long total = 0;
                int read;
                while ((read = await body.ReadAsync(buffer)) > 0)
                {
                    total += read;
                }

                Sink.Count(total);
                bool complete = response.StatusCode == HttpStatusCode.OK && total == response.Content.Headers.ContentLength;
                if (!complete && !Failed($"status {(int)response.StatusCode}, {total} bytes"))
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
            start = end;
        }

        Finish(requests);
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => Invoker is HttpClient client
        ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None)
        : Invoker.SendAsync(request, CancellationToken.None);
}
