using Warmwire.Diagnostics;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// What has come of one response, and whether it is what its head promises. The reading flow's own, until the response is handed over.
/// </summary>
internal struct Http2IncomingResponse
{
    private long? _contentLength;
    private long _received;
    private long _fieldBytes;
    private int _interimResponses;
    private UndecodedFields? _undecoded;
    private volatile List<KeyValuePair<string, string>>? _trailers;
    private volatile UndecodedFields? _undecodedTrailers;

    /// <summary>The response, from its head until it is handed over.</summary>
    public HttpResponseMessage? Response { get; private set; }

    /// <summary>The head has come. (A wait for it may be over without.)</summary>
    public bool HasHead { get; private set; }

    /// <summary>What is to be done for the stream when all of a read has been worked off.</summary>
    public StreamSteps Noted { get; set; }

    /// <summary>How many bytes of fields may still come.</summary>
    public readonly long FieldBytesLeft(long limit) => Math.Max(0, limit - _fieldBytes);

    /// <summary>An interim (1xx) response.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? TakeInterim(ResponseFields fields, bool endStream)
    {
        _fieldBytes += fields.Bytes;
        return endStream ? Http2ErrorTexts.EndWithInterim
            : ++_interimResponses > Http2Limits.InterimResponses ? Http2ErrorTexts.TooManyInterim(Http2Limits.InterimResponses)
            : null;
    }

    /// <summary>The head of the response.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? TakeHead(ResponseFields fields, HttpMethod method, bool isTunnel, bool endStream)
    {
        _fieldBytes += fields.Bytes;

        // RFC 9110 §6.4.1: the length in these is of what is not sent. A tunnel has no length.
        bool bodyless = method == HttpMethod.Head || fields.Status is 204 or 304;
        _contentLength = isTunnel ? null : bodyless ? 0 : fields.ContentLength;
        if (endStream && WrongLength(ended: true) is { } wrong)
        {
            return wrong;
        }

        Response = fields.Response;
        _undecoded = fields.Undecoded;
        HasHead = true;
        return null;
    }

    /// <summary>So much of the body.</summary>
    /// <returns>What is wrong with it.</returns>
    public string? TakeData(int bytes, bool endStream)
    {
        _received += bytes;
        return WrongLength(endStream);
    }

    /// <returns>What is wrong with the end.</returns>
    public string? TakeTrailers(ResponseFields fields)
    {
        _trailers = fields.Trailers;
        _undecodedTrailers = fields.Undecoded;
        return WrongLength(ended: true);
    }

    /// <summary>Takes the response out, with all its fields: asks the user's code how to decode them, if that wants to be asked.</summary>
    public HttpResponseMessage TakeResponse(HttpRequestMessage request, HeaderEncodingSelector<HttpRequestMessage>? selector)
    {
        HttpResponseMessage response = Response!;
        Response = null;
        _undecoded?.AddTo(response, request, selector!);
        _undecoded = null;
        return response;
    }

    /// <summary>Adds the trailers, which are here when the body is. It may ask the user's code, as <see cref="TakeResponse"/>.</summary>
    public readonly void AddTrailersTo(
        HttpResponseMessage response, HttpRequestMessage request, HeaderEncodingSelector<HttpRequestMessage>? selector)
    {
        if ((_trailers ?? _undecodedTrailers?.Decode(request, selector!)) is { } trailers)
        {
            foreach ((string name, string value) in trailers)
            {
                response.TrailingHeaders.TryAddWithoutValidation(name, value);
            }
        }
    }

    private readonly string? WrongLength(bool ended) =>
        _contentLength is { } length && (ended ? _received != length : _received > length)
            ? Http2ErrorTexts.LengthNotKept(length, _received)
            : null;
}
