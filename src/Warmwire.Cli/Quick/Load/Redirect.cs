using System.Net;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Where a response sends a request next (<c>--follow-redirects</c>), so that each hop has the cookies of its virtual user.
/// </summary>
internal static class Redirect
{
    private static readonly string[] s_bodyFields = ["Transfer-Encoding", "Expect"];
    private static readonly string[] s_originFields = ["Authorization", "Cookie", "Host"];

    /// <returns>The next request, or <see langword="null"/> if the response is the last one.</returns>
    public static HttpRequestMessage? Next(HttpRequestMessage request, HttpResponseMessage response)
    {
        if (!Redirects(response.StatusCode) || response.Headers.Location is not { } location)
        {
            return null;
        }

        var target = new Uri(request.RequestUri!, location);
        if (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps)
        {
            return null;
        }

        bool becomesGet = BecomesGet(response.StatusCode, request.Method);
        var next = new HttpRequestMessage(becomesGet ? HttpMethod.Get : request.Method, target)
        {
            Content = becomesGet ? null : request.Content,
        };
        bool isSameOrigin = Uri.Compare(
            request.RequestUri!, target, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;
        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            bool isDropped = name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)
                || (!isSameOrigin && s_originFields.Contains(name, StringComparer.OrdinalIgnoreCase))
                || (becomesGet && s_bodyFields.Contains(name, StringComparer.OrdinalIgnoreCase));
            if (!isDropped)
            {
                next.Headers.TryAddWithoutValidation(name, values);
            }
        }

        return next;
    }

    private static bool Redirects(HttpStatusCode status) =>
        status is HttpStatusCode.MovedPermanently
            or HttpStatusCode.Found
            or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect
            or HttpStatusCode.PermanentRedirect;

    private static bool BecomesGet(HttpStatusCode status, HttpMethod method) =>
        (status == HttpStatusCode.SeeOther && method != HttpMethod.Head)
        || (status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found && method == HttpMethod.Post);
}
