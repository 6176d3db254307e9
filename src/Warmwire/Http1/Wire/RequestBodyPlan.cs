using System.Net.Http.Headers;
using Warmwire.Diagnostics;
using Warmwire.Runtime;

namespace Warmwire.Http1.Wire;

internal enum RequestBodyKind : byte
{
    None,
    Length,
    Chunked,
}

/// <summary>How a request's body is framed, by the rules of <see cref="SocketsHttpHandler"/> but without changing the request.</summary>
internal readonly struct RequestBodyPlan
{
    private RequestBodyPlan(RequestBodyKind kind, long length)
    {
        Kind = kind;
        Length = length;
    }

    public static RequestBodyPlan None => default;

    public static RequestBodyPlan Chunked => new(RequestBodyKind.Chunked, 0);

    public RequestBodyKind Kind { get; }

    /// <summary>For <see cref="RequestBodyKind.Length"/>; may be 0.</summary>
    public long Length { get; }

    public static RequestBodyPlan OfLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new RequestBodyPlan(RequestBodyKind.Length, length);
    }

    /// <exception cref="HttpRequestException">A Transfer-Encoding without content, or one that cannot be framed.</exception>
    /// <exception cref="NotSupportedException">The body has to be chunked, and the request is HTTP/1.0.</exception>
    public static RequestBodyPlan For(HttpRequestMessage request)
    {
        HttpContent? content = request.Content;
        HeaderStringValues codings = default;
        bool hasTransferEncoding = FrameworkFields.HeadersOf(request) is { } headers && headers.NonValidated.TryGetValues(
            RequestTransferEncoding.Name,
            out codings);
        if (content is null)
        {
            return hasTransferEncoding ? throw new HttpRequestException(RequestErrorTexts.ChunkedWithoutContent) : None;
        }

        if (hasTransferEncoding)
        {
            RequestTransferEncoding.Check(codings);
        }
        else if (content.Headers.ContentLength is long length)
        {
            return length >= 0 ? OfLength(length) : throw new HttpRequestException(RequestErrorTexts.NegativeContentLength(length));
        }

        return RequestHeadWriter.IsHttp10(request) ? throw new NotSupportedException(RequestErrorTexts.ChunkedNeedsHttp11) : Chunked;
    }
}
