using System.Net;
using System.Net.Http.Headers;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http1.Wire;
using Warmwire.Settings;

namespace Warmwire.Http1.Flow;

/// <summary>Makes the response from its head, as users of <see cref="HttpClient"/> expect it.</summary>
internal static class Http1ResponseHead
{
    /// <summary>Reads a head that is whole in <paramref name="head"/>.</summary>
    /// <param name="head">The status line and the header lines with the last empty line.</param>
    /// <param name="status">Its status line.</param>
    /// <param name="request">What it answers.</param>
    /// <param name="response">
    /// Receives the headers; <see langword="null"/> if nobody waits for the response and only its framing matters.
    /// </param>
    /// <param name="settings">The encoding of values, and how many lines may be there.</param>
    /// <returns>How the body is framed and whether the connection may be kept.</returns>
    public static FramingResult Read(
        ReadOnlySpan<byte> head,
        in StatusLine status,
        HttpRequestMessage request,
        HttpResponseMessage? response,
        HandlerSettings settings)
    {
        HeaderEncodingSelector<HttpRequestMessage>? encoding = settings.ResponseHeaderEncodingSelector;
        var framing = new ResponseFraming();
        var lines = new HeaderLineReader(head[status.Length..]);
        HttpResponseHeaders? headers = null; // the getters make the collections: only if there is something to put in
        HttpContentHeaders? contentHeaders = null;
        int count = 0;
        while (lines.MoveNext())
        {
            if (++count > settings.MaxResponseHeaderCount)
            {
                throw new WireFormatException(
                    $"more than {settings.MaxResponseHeaderCount} header lines", "PooledHttpHandler.MaxResponseHeaderCount");
            }

            string name = ResponseHeaderNames.Lookup(lines.Name, lines.NameIndex, out KnownResponseHeader known, out bool isContentHeader);
            framing.Add(known, lines.Value);
            if (response is not null)
            {
                string value = ResponseHeaderNames.DecodeValue(known, lines.Value, UserCode.EncodingOfResponse(encoding, name, request));
                if (isContentHeader)
                {
                    (contentHeaders ??= response.Content.Headers).TryAddWithoutValidation(name, value);
                }
                else
                {
                    (headers ??= response.Headers).TryAddWithoutValidation(name, value);
                }
            }
        }

        return framing.Resolve(status.StatusCode, status.MinorVersion, request.Method == HttpMethod.Head, ConnectMethod.IsOf(request));
    }

    public static HttpResponseMessage Create(ReadOnlySpan<byte> head, in StatusLine status, HttpRequestMessage request, HttpContent content)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status.StatusCode)
        {
            RequestMessage = request,
            Version = status.MinorVersion == 0 ? HttpVersion.Version10 : HttpVersion.Version11,
            Content = content,
        };
        response.ReasonPhrase = status.ReasonPhrase(head);
        return response;
    }

    /// <summary>Adds the trailers that may be trailers (RFC 9110 §6.5.1).</summary>
    public static void AddTrailers(
        ReadOnlySpan<byte> block,
        HttpResponseMessage response,
        HeaderEncodingSelector<HttpRequestMessage>? encoding)
    {
        var lines = new HeaderLineReader(block);
        while (lines.MoveNext())
        {
            string name = ResponseHeaderNames.Lookup(lines.Name, lines.NameIndex, out KnownResponseHeader known, out _);
            if (!TrailerRules.IsForbidden(name))
            {
                response.TrailingHeaders.TryAddWithoutValidation(
                    name,
                    ResponseHeaderNames.DecodeValue(
                        known, lines.Value, UserCode.EncodingOfResponse(encoding, name, response.RequestMessage!)));
            }
        }
    }
}
