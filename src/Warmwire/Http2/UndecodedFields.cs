using System.Buffers;
using System.Net.Http.Headers;
using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Http2;

/// <summary>
/// Fields of a response whose values wait to be decoded, because <see cref="PooledHttpHandler.ResponseHeaderEncodingSelector"/> is to say
/// how. That is the user's code: it is asked when the response is handed over, and not by the flow that reads for all streams.
/// </summary>
internal sealed class UndecodedFields
{
    private readonly List<Field> _fields = [];
    private readonly ArrayBufferWriter<byte> _values = new();

    public void Add(string name, KnownResponseHeader header, bool isContentHeader, ReadOnlySpan<byte> value)
    {
        _fields.Add(new Field(name, header, isContentHeader, _values.WrittenCount, value.Length));
        _values.Write(value);
    }

    public void AddTo(HttpResponseMessage response, HttpRequestMessage request, HeaderEncodingSelector<HttpRequestMessage> selector)
    {
        foreach (Field field in _fields)
        {
            HttpHeaders headers = field.IsContentHeader ? response.Content.Headers : response.Headers;
            headers.TryAddWithoutValidation(field.Name, Decode(field, request, selector));
        }
    }

    /// <summary>The fields of a block of trailers, decoded.</summary>
    public List<KeyValuePair<string, string>> Decode(HttpRequestMessage request, HeaderEncodingSelector<HttpRequestMessage> selector) =>
        _fields.ConvertAll(field => new KeyValuePair<string, string>(field.Name, Decode(field, request, selector)));

    private string Decode(in Field field, HttpRequestMessage request, HeaderEncodingSelector<HttpRequestMessage> selector) =>
        ResponseHeaderNames.DecodeValue(
            field.Header, _values.WrittenSpan.Slice(field.Start, field.Length), UserCode.EncodingOfResponse(selector, field.Name, request));

    private readonly record struct Field(string Name, KnownResponseHeader Header, bool IsContentHeader, int Start, int Length);
}
