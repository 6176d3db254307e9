using System.Net;
using System.Net.Http.Headers;
using Warmwire.Runtime;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>Where a response sends the request next (RFC 9110 §15.4).</summary>
internal static class RedirectPolicy
{
    /// <summary>
    /// The request of the next hop, or <see langword="null"/> if the response is for the caller. The given request stays as it is; the new
    /// one shares its content, so neither it nor the content may be disposed with the hop. How many hops there may be is the caller's
    /// count.
    /// </summary>
    /// <remarks>
    /// As in .NET, but for these: only http and https are followed (.NET sends the request to ftp and mailto targets too); credentials,
    /// cookies and the user's own Host stay within the origin that they were meant for; <c>Authorization</c> does survive a redirect within
    /// it; differing Location headers are not followed; an unusable Location never throws.
    /// </remarks>
    public static HttpRequestMessage? NextRequest(HttpRequestMessage request, HttpResponseMessage response, HandlerSettings settings)
    {
        if (!settings.AllowAutoRedirect || !Redirects(response.StatusCode) || request.RequestUri is not { IsAbsoluteUri: true } origin)
        {
            return null;
        }

        if (Target(origin, response) is not { } target)
        {
            return null;
        }

        bool becomesGet = BecomesGet(response.StatusCode, request.Method);
        if (!becomesGet && !ContentReplay.CanProduceAgain(request.Content))
        {
            return null;
        }

        HttpRequestMessage next = new(becomesGet ? HttpMethod.Get : request.Method, target)
        {
            Version = request.Version,
            VersionPolicy = request.VersionPolicy,
            Content = becomesGet ? null : request.Content,
        };
        CopyHeaders(request.Headers, next.Headers, IsSameOrigin(origin, target), dropBodyFields: becomesGet);
        CopyOptions(request, next);
        return next;
    }

    /// <summary>Whether a response with this status could be a redirect to follow.</summary>
    public static bool MayRedirect(HttpStatusCode status, HandlerSettings settings) => settings.AllowAutoRedirect && Redirects(status);

    private static bool Redirects(HttpStatusCode status) =>
        status is HttpStatusCode.MultipleChoices
            or HttpStatusCode.MovedPermanently
            or HttpStatusCode.Found
            or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect
            or HttpStatusCode.PermanentRedirect;

    private static bool BecomesGet(HttpStatusCode status, HttpMethod method) => status switch
    {
        HttpStatusCode.MultipleChoices or HttpStatusCode.MovedPermanently or HttpStatusCode.Found => method == HttpMethod.Post,
        HttpStatusCode.SeeOther => method != HttpMethod.Get && method != HttpMethod.Head,
        _ => false,
    };

    private static Uri? Target(Uri from, HttpResponseMessage response)
    {
        if (IsAmbiguous(response)
            || response.Headers.Location is not { } location
            || !Uri.TryCreate(from, location, out Uri? target)
            || !target.IsAbsoluteUri
            || (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp)
            || target.Host.Length == 0)
        {
            return null;
        }

        if (RequestRules.IsTls(from) && target.Scheme != Uri.UriSchemeHttps)
        {
            return null; // What was asked for in private is not asked for in the open.
        }

        return WithFragmentOf(from, target);
    }

    // Two answers to "where" are no answer, and one of them may be an attacker's.
    private static bool IsAmbiguous(HttpResponseMessage response)
    {
        if (!response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values) || values.Count < 2)
        {
            return false;
        }

        string? first = null;
        foreach (string value in values)
        {
            first ??= value;
            if (value != first)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A target without a fragment inherits the one the request had (RFC 9110 §10.2.2).</summary>
    private static Uri WithFragmentOf(Uri from, Uri target)
    {
        string fragment = from.Fragment;
        if (fragment.Length == 0 || target.Fragment.Length != 0)
        {
            return target;
        }

        string address = target.AbsoluteUri;
        return address.Contains('#') || !Uri.TryCreate(address + fragment, UriKind.Absolute, out Uri? whole) ? target : whole;
    }

    /// <summary>Scheme, host and port (RFC 9110 §4.3.1).</summary>
    public static bool IsSameOrigin(Uri one, Uri other) =>
        one.Port == other.Port && one.Scheme == other.Scheme && string.Equals(one.Host, other.Host, StringComparison.OrdinalIgnoreCase);

    private static void CopyHeaders(HttpRequestHeaders from, HttpRequestHeaders to, bool sameOrigin, bool dropBodyFields)
    {
        foreach ((string name, HeaderStringValues values) in from.NonValidated)
        {
            if ((!sameOrigin && BelongsToOrigin(name)) || (dropBodyFields && SpeaksOfBody(name)))
            {
                continue;
            }

            if (values.Count == 1)
            {
                to.TryAddWithoutValidation(name, values.ToString());
            }
            else
            {
                to.TryAddWithoutValidation(name, values);
            }
        }
    }

    private static bool BelongsToOrigin(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Proxy-Authorization", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Host", StringComparison.OrdinalIgnoreCase);

    // Without a body there is nothing to code or to announce; Expect: 100-continue without one is forbidden (RFC 9110 §10.1.1).
    private static bool SpeaksOfBody(string name) =>
        name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Trailer", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Expect", StringComparison.OrdinalIgnoreCase);

    private static void CopyOptions(HttpRequestMessage from, HttpRequestMessage to)
    {
        if (FrameworkFields.OptionsOf(from) is not { } options)
        {
            return;
        }

        IDictionary<string, object?>? copy = null;
        foreach ((string key, object? value) in (IEnumerable<KeyValuePair<string, object?>>)options)
        {
            copy ??= to.Options;
            copy[key] = value;
        }
    }
}
