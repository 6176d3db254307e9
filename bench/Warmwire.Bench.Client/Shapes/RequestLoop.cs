using System.Diagnostics;
using System.Net;

namespace Warmwire.Bench.Client.Shapes;

/// <summary>
/// GET, or POST with a body of <c>body=</c> bytes, each answer read to its end. Allocates and does as little besides as it can.
/// </summary>
internal sealed class RequestLoop : ClosedLoop
{
    private readonly byte[]? _body;
    private readonly HttpMethod _method;
    private readonly bool _read;

    public RequestLoop(Words words)
        : base(words)
    {
        int body = words.Number("body", 0);
        _body = body == 0 ? null : new byte[body];
        _method = body == 0 ? HttpMethod.Get : HttpMethod.Post;

        // An HttpClient has read the body when its task ends.
        _read = !Contestant.IsClient(words);
    }

    protected override async Task WorkAsync()
    {
        long requests = 0;
        long start = Stopwatch.GetTimestamp();
        while (start < Deadline)
        {
            try
            {
                HttpRequestMessage request = CreateRequest(_method);
                if (_body is not null)
                {
                    request.Content = new ByteArrayContent(_body);
                }

                using HttpResponseMessage response = await Invoker.SendAsync(request, CancellationToken.None);
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
            long end = Stopwatch.GetTimestamp();
            Record(end - start);
            start = end;
        }

        Finish(requests);
    }
}
