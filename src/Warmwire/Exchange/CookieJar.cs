using System.Net;
using System.Net.Http.Headers;

namespace Warmwire.Exchange;

/// <summary>
/// Between the headers of a message and the application's <see cref="CookieContainer"/>, which has the rules (RFC 6265 §5).
/// </summary>
internal static class CookieJar
{
    /// <summary>The value of the Cookie header for a request to <paramref name="uri"/>, or <see langword="null"/> for none.</summary>
    public static string? HeaderFor(CookieContainer container, Uri uri)
    {
        if (container.Count == 0)
        {
            return null;
        }

        string header = container.GetCookieHeader(uri);
        return header.Length == 0 ? null : header;
    }

    /// <summary>Takes up what the response sets. <paramref name="uri"/> is the request's, of this hop.</summary>
    public static void Store(CookieContainer container, Uri uri, HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("Set-Cookie", out HeaderStringValues values))
        {
            return;
        }

        foreach (string value in values)
        {
            try
            {
                container.SetCookies(uri, value);
            }
            catch (CookieException)
            {
                // A server may set what the container refuses: another site's domain, an illegal name, more bytes than a cookie may have.
                // Such a cookie is ignored and the others count (RFC 6265 §5.3); a response that is good otherwise must not fail over it.
            }
        }
    }
}
