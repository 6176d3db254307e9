using System.Buffers;
using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using Warmwire.Buffers;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Hpack;
using Warmwire.Runtime;

namespace Warmwire.Http2;

/// <summary>
/// The fields of a request in the order they are sent (RFC 9113 §8.3.1), checked before one of them is encoded: the compression has no way
/// back, and what lets a value forge another field must not leave. One for each thread, used again.
/// </summary>
internal sealed class RequestFields
{
    private const int MaxKeptBytes = 8 * 1024;

    [ThreadStatic]
    private static RequestFields? t_spare;

    private readonly OutputBuffer _text = new();
    private Field[] _fields = new Field[16];
    private int _count;
    private HttpRequestMessage _request = null!;
    private HeaderEncodingSelector<HttpRequestMessage>? _encodings;

    private RequestFields()
    {
    }

    /// <summary>The size as the server counts it (RFC 9113 §6.5.2): names, values, and 32 bytes for each.</summary>
    public long Size => _text.Count + (32L * _count);

    /// <summary>What the request says of the length of its body.</summary>
    public long? ContentLength { get; private set; }

    /// <exception cref="HttpRequestException">The request cannot be sent as it is.</exception>
    public static RequestFields Of(Attempt attempt, Route key, HeaderEncodingSelector<HttpRequestMessage>? encodings)
    {
        RequestFields fields = t_spare ?? new RequestFields();
        t_spare = null;
        fields._request = attempt.Request;
        fields._encodings = encodings;
        try
        {
            fields.Collect(attempt, key);
        }
        catch
        {
            fields.Release();
            throw;
        }

        return fields;
    }

    /// <summary>Keeps it for the next request of this thread.</summary>
    public void Release()
    {
        if (_text.Count > MaxKeptBytes)
        {
            _text.Release();
        }
        else
        {
            _text.Clear();
        }

        _count = 0;
        _request = null!;
        _encodings = null;
        t_spare = this;
    }

    public void EncodeTo(OutputBuffer output, HpackEncoder encoder)
    {
        encoder.BeginBlock(output);
        ReadOnlySpan<byte> text = _text.Written.Span;
        foreach (ref readonly Field field in _fields.AsSpan(0, _count))
        {
            ReadOnlySpan<byte> name = text.Slice(field.Start, field.NameLength);
            ReadOnlySpan<byte> value = text.Slice(field.Start + field.NameLength, field.ValueLength);
            encoder.Encode(output, name, value, field.Indexing);
        }
    }

    private void Collect(Attempt attempt, Route key)
    {
        HttpRequestMessage request = attempt.Request;
        Uri uri = request.RequestUri!;
        HttpRequestHeaders? headers = FrameworkFields.HeadersOf(request);
        string method = MethodNames.Canonical(request.Method.Method);
        FieldWriter.CheckMethod(method);
        Add(":method"u8, method);
        string? host = headers is null ? null : HostField.OfCaller(headers);
        bool isConnect = ConnectMethod.IsOf(request);
        string? protocol = ConnectMethod.ProtocolOf(request);
        if (!isConnect || protocol is not null)
        {
            // RFC 8441 §4: an extended CONNECT has them all, and a plain one only the authority.
            AddRaw(":scheme"u8, key.IsTls ? "https"u8 : "http"u8, FieldIndexing.Index);
        }
        else if (host is null)
        {
            throw new HttpRequestException(RequestErrorTexts.ConnectNeedsHost);
        }

        AddAuthority(uri, host, key);
        if (!isConnect || protocol is not null)
        {
            AddPath(uri.PathAndQuery);
        }

        if (protocol is not null)
        {
            Add(":protocol"u8, protocol);
        }

        AddHeaders(attempt, headers, isTunneled: key.IsTunneled);
        ContentLength = null;
        if (request.Content is { } content)
        {
            AddContentHeaders(content.Headers);
        }
        else if (MethodNames.AnnouncesEmptyBody(method))
        {
            AddRaw("content-length"u8, "0"u8, FieldIndexing.Index);
        }
    }

    private void AddAuthority(Uri uri, string? host, Route key)
    {
        if (host is null)
        {
            AddRaw(":authority"u8, key.HostValue ??= HostField.ValueFor(uri), FieldIndexing.Index);
            return;
        }

        int start = Begin(":authority"u8);
        HostField.WriteChecked(_text, host);
        End(start, ":authority"u8.Length, FieldIndexing.Index);
    }

    private void AddPath(string target)
    {
        int start = Begin(":path"u8);
        FieldWriter.WriteTarget(_text, target);
        End(start, ":path"u8.Length, FieldIndexing.Index);
    }

    private void AddHeaders(Attempt attempt, HttpRequestHeaders? requestHeaders, bool isTunneled)
    {
        bool cookieDue = !string.IsNullOrEmpty(attempt.CookieHeader);
        string? acceptEncoding = attempt.AcceptEncoding;
        HttpHeadersNonValidated headers = requestHeaders is null ? default : requestHeaders.NonValidated;
        foreach (KeyValuePair<string, HeaderStringValues> header in headers)
        {
            switch (header.Key.Length)
            {
                case 4 when Is(header.Key, "Host"):
                    break; // it is :authority

                // RFC 9113 §8.2.2: what is about the connection has no meaning here.
                case 7 when Is(header.Key, "Upgrade"):
                case 10 when Is(header.Key, "Connection") || Is(header.Key, "Keep-Alive"):
                case 16 when Is(header.Key, "Proxy-Connection"):
                case 17 when Is(header.Key, "Transfer-Encoding"):
                    break;

                // It is for the proxy alone (RFC 9110 §11.7.2).
                case 19 when isTunneled && Is(header.Key, "Proxy-Authorization"):
                    break;

                case 2 when Is(header.Key, "TE"):
                    // Of its values only this one is left.
                    if (HasTrailers(header.Value))
                    {
                        AddRaw("te"u8, "trailers"u8, FieldIndexing.Index);
                    }

                    break;

                case 6 when Is(header.Key, "Cookie"):
                    foreach (string value in header.Value)
                    {
                        AddCookies(value);
                    }

                    break;

                case 10 when Is(header.Key, "User-Agent"):
                    Add(header.Key, header.Value, " ", last: null);
                    break;

                case 13 when attempt.Authorization?.ForServer is not null && Is(header.Key, "Authorization"):
                    break; // another is added below

                case 15 when acceptEncoding is not null && Is(header.Key, "Accept-Encoding"):
                    Add(header.Key, header.Value, ", ", acceptEncoding);
                    acceptEncoding = null;
                    break;

                default:
                    Add(header.Key, header.Value, ", ", last: null);
                    break;
            }
        }

        if (attempt.PropagatedHeaders is { } extraHeaders)
        {
            AddExtraHeaders(headers, extraHeaders);
        }

        AddCredentials("Authorization", attempt.Authorization?.ForServer);

        if (acceptEncoding is not null)
        {
            Add("accept-encoding"u8, acceptEncoding);
        }

        if (cookieDue)
        {
            AddCookies(attempt.CookieHeader!);
        }
    }

    private void AddExtraHeaders(HttpHeadersNonValidated headers, IReadOnlyList<KeyValuePair<string, string>> extraHeaders)
    {
        for (int i = 0; i < extraHeaders.Count; i++)
        {
            (string name, string value) = extraHeaders[i];
            if (!headers.Contains(name))
            {
                Add(name, new HeaderStringValues(), "", value);
            }
        }
    }

    /// <summary>
    /// They repeat what the server has written, such as a realm, which was read as Latin-1. Never indexed: the size of what is sent would
    /// help to guess a secret (RFC 7541 §7.1.3).
    /// </summary>
    private void AddCredentials(string name, string? value)
    {
        if (value is not null)
        {
            int start = _text.Count;
            WriteName(name);
            WriteValue(name, value, System.Text.Encoding.Latin1);
            End(start, name.Length, FieldIndexing.NeverIndex);
        }
    }

    private void AddContentHeaders(HttpContentHeaders headers)
    {
        if (headers.ContentLength is long length)
        {
            ContentLength = length >= 0 ? length : throw new HttpRequestException(RequestErrorTexts.NegativeContentLength(length));
            int start = Begin("content-length"u8);
            Utf8Formatter.TryFormat(length, _text.GetSpan(20), out int digits);
            _text.Advance(digits);
            End(start, "content-length"u8.Length, FieldIndexing.Index);
        }

        foreach (KeyValuePair<string, HeaderStringValues> header in headers.NonValidated)
        {
            if (!Is(header.Key, "Content-Length"))
            {
                Add(header.Key, header.Value, ", ", last: null);
            }
        }
    }

    /// <summary>One field for each pair, so that those that stay the same are found in the table (RFC 9113 §8.2.3).</summary>
    private void AddCookies(string cookies)
    {
        foreach (Range range in cookies.AsSpan().Split(';'))
        {
            ReadOnlySpan<char> pair = cookies.AsSpan(range).Trim(' ');
            if (!pair.IsEmpty)
            {
                int start = Begin("cookie"u8);
                WriteValue("Cookie", pair, Encoding("Cookie"));

                // A short secret could be guessed through the size of what is sent (RFC 7541 §7.1.3).
                End(start, "cookie"u8.Length, pair.Length < 20 ? FieldIndexing.NeverIndex : FieldIndexing.Index);
            }
        }
    }

    private void Add(ReadOnlySpan<byte> name, string value)
    {
        int start = Begin(name);
        WriteValue(name[0] == ':' ? ":protocol" : "header", value, encoding: null);
        End(start, name.Length, FieldIndexing.Index);
    }

    private void AddRaw(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, FieldIndexing indexing)
    {
        int start = Begin(name);
        _text.Write(value);
        End(start, name.Length, indexing);
    }

    private void Add(string name, HeaderStringValues values, string separator, string? last)
    {
        int start = _text.Count;
        WriteName(name);
        Encoding? encoding = Encoding(name);
        bool first = true;
        foreach (string value in values)
        {
            if (!first)
            {
                _text.WriteAscii(separator);
            }

            WriteValue(name, value, encoding);
            first = false;
        }

        if (last is not null)
        {
            if (!first)
            {
                _text.WriteAscii(separator);
            }

            WriteValue(name, last, encoding);
        }

        End(start, name.Length, FieldIndexing.Index);
    }

    private Encoding? Encoding(string name) => UserCode.EncodingOfRequest(_encodings, name, _request);

    private int Begin(ReadOnlySpan<byte> name)
    {
        int start = _text.Count;
        _text.Write(name);
        return start;
    }

    private void End(int start, int nameLength, FieldIndexing indexing)
    {
        if (_count == _fields.Length)
        {
            Array.Resize(ref _fields, _count * 2);
        }

        _fields[_count++] = new Field(start, nameLength, _text.Count - start - nameLength, indexing);
    }

    /// <summary>In lower case (RFC 9113 §8.2.1).</summary>
    private void WriteName(string name)
    {
        FieldWriter.CheckName(name);
        Ascii.ToLower(name, _text.GetSpan(name.Length), out int written);
        _text.Advance(written);
    }

    /// <summary>RFC 9113 §8.2.1 forbids white space around a value, which HTTP/1.1 tolerates.</summary>
    private void WriteValue(string name, ReadOnlySpan<char> value, Encoding? encoding) =>
        FieldWriter.WriteValue(_text, name, value.Trim(" \t"), encoding);

    private static bool HasTrailers(HeaderStringValues values)
    {
        foreach (string value in values)
        {
            foreach (Range range in value.AsSpan().Split(','))
            {
                if (value.AsSpan(range).Trim(" \t").Equals("trailers", StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool Is(string name, string candidate) => name.Equals(candidate, StringComparison.OrdinalIgnoreCase);

    private readonly record struct Field(int Start, int NameLength, int ValueLength, FieldIndexing Indexing);
}
