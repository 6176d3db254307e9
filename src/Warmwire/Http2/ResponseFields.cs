using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Hpack;
using Warmwire.Settings;

namespace Warmwire.Http2;

/// <summary>
/// Makes a response, or its trailers, of a header block, and judges it (RFC 9113 §8.2, §8.3.2). A block that breaks a rule is decoded to its end all the same, because
/// the compression goes on with the next one. The reading flow's own.
/// </summary>
internal sealed class ResponseFields
{
    private readonly HandlerSettings _settings;
    private HttpRequestMessage? _request;
    private HttpResponseHeaders? _headers;
    private HttpContentHeaders? _contentHeaders;
    private HttpConnection? _connection;
    private Attempt? _attempt;
    private bool _isTrailers;
    private bool _skips;
    private bool _regularCame;
    private int _count;
    private long _bytes;
    private long _maxBytes;

    public ResponseFields(HandlerSettings settings) => _settings = settings;

    /// <summary>0 if there was none.</summary>
    public int Status { get; private set; }

    /// <summary>Of a final response.</summary>
    public HttpResponseMessage? Response { get; private set; }

    public List<KeyValuePair<string, string>>? Trailers { get; private set; }

    public long? ContentLength { get; private set; }

    /// <summary>What is wrong with the block.</summary>
    public string? Error { get; private set; }

    /// <summary>The setting that the block passes, if that is what is wrong with it.</summary>
    public string? ErrorSetting { get; private set; }

    /// <summary>What the application's selector or encoding threw, if that is what is wrong.</summary>
    public HttpRequestException? Failure { get; private set; }

    /// <summary>The block's size as it counts against the limit.</summary>
    public long Bytes => _bytes;

    /// <summary>A block that nobody waits for: only what it does to the tables counts.</summary>
    public void Skip(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        Clear();
        _skips = true;
        Decode(decoder, block);
    }

    public void ReadHead(HpackDecoder decoder, ReadOnlySpan<byte> block, HttpConnection connection, Attempt attempt, long maxBytes)
    {
        Clear();
        _request = attempt.Request;
        _connection = connection;
        _attempt = attempt;
        _maxBytes = maxBytes;
        Decode(decoder, block);
        if (Error is null && Status == 0)
        {
            Error = Http2ErrorTexts.NoStatus;
        }
    }

    public void ReadTrailers(HpackDecoder decoder, ReadOnlySpan<byte> block, HttpRequestMessage? request, long maxBytes)
    {
        Clear();
        _request = request;
        _isTrailers = true;
        _maxBytes = maxBytes;
        Decode(decoder, block);
    }

    /// <summary>Holds nothing of a response any more.</summary>
    public void Clear()
    {
        _request = null;
        _headers = null;
        _contentHeaders = null;
        _connection = null;
        _attempt = null;
        _isTrailers = _skips = _regularCame = false;
        _count = 0;
        _bytes = 0;
        _maxBytes = long.MaxValue;
        Status = 0;
        Response = null;
        Trailers = null;
        ContentLength = null;
        Error = null;
        ErrorSetting = null;
        Failure = null;
    }

    private void Decode(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        var sink = new Sink(this);
        decoder.Decode(block, ref sink);
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag)
    {
        if (_skips || Error is not null)
        {
            return;
        }

        _bytes += name.Length + value.Length + 32;
        if (++_count > Http2Limits.HeaderFields)
        {
            Error = Http2ErrorTexts.TooManyFields(Http2Limits.HeaderFields);
            return;
        }

        if (_bytes > _maxBytes)
        {
            Error = Http2ErrorTexts.FieldsTooLong(_settings.MaxResponseHeadersBytes);
            ErrorSetting = "PooledHttpHandler.MaxResponseHeadersLength";
            return;
        }

        if (name.Length > 0 && name[0] == ':')
        {
            TakePseudo(name, value);
            return;
        }

        _regularCame = true;
        if (Status is >= 100 and < 200)
        {
            // Checked, and not kept: nobody is told of interim responses' fields.
            Error = Check(name, value);
            return;
        }

        if (Response is null && !_isTrailers)
        {
            Error = Http2ErrorTexts.NoStatus;
            return;
        }

        KnownField? known = tag as KnownField;
        if (known is null)
        {
            Error = Check(name, value);
            if (Error is not null)
            {
                return;
            }

            string text = ResponseHeaderNames.Lookup(name, out KnownResponseHeader header, out bool isContentHeader);
            HeaderEncodingSelector<HttpRequestMessage>? encodings = _request is null ? null : _settings.ResponseHeaderEncodingSelector;
            try
            {
                Encoding? encoding = UserCode.EncodingOfResponse(encodings, text, _request!);
                known = new KnownField(text, ResponseHeaderNames.DecodeValue(header, value, encoding), header, isContentHeader);
            }
            catch (HttpRequestException e)
            {
                // The connection's other exchanges have nothing to do with it, and the decoder's table goes on with the rest of the block.
                Error = e.Message;
                Failure = e;
                return;
            }

            if (_settings.ResponseHeaderEncodingSelector is null)
            {
                tag = known;
            }
        }

        Keep(known, value);
    }

    private void Keep(KnownField field, ReadOnlySpan<byte> value)
    {
        if (_isTrailers)
        {
            if (!TrailerRules.IsForbidden(field.Name))
            {
                (Trailers ??= []).Add(new KeyValuePair<string, string>(field.Name, field.Value));
            }

            return;
        }

        if (field.Header == KnownResponseHeader.ContentLength)
        {
            TakeContentLength(value);
        }

        if (field.IsContentHeader)
        {
            (_contentHeaders ??= Response!.Content.Headers).TryAddWithoutValidation(field.Name, field.Value);
        }
        else
        {
            (_headers ??= Response!.Headers).TryAddWithoutValidation(field.Name, field.Value);
        }
    }

    /// <summary>RFC 9110 §8.6: digits, and if it comes again, the same.</summary>
    private void TakeContentLength(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out long length, out int used) || used != value.Length)
        {
            Error = ResponseErrorTexts.MalformedContentLength(value);
        }
        else if (ContentLength is { } other && other != length)
        {
            Error = ResponseErrorTexts.DifferingContentLengths(other, length);
        }
        else
        {
            ContentLength = length;
        }
    }

    /// <summary>RFC 9113 §8.3: a response has :status, once, before all others.</summary>
    private void TakePseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_isTrailers)
        {
            Error = Http2ErrorTexts.PseudoFieldInTrailers(name);
        }
        else if (!name.SequenceEqual(":status"u8))
        {
            Error = Http2ErrorTexts.UnknownPseudoField(name);
        }
        else if (_regularCame)
        {
            Error = Http2ErrorTexts.PseudoFieldTooLate(name);
        }
        else if (Status != 0)
        {
            Error = Http2ErrorTexts.SecondStatus;
        }
        else if (value.Length != 3 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || value[0] == '0')
        {
            Error = Http2ErrorTexts.IllegalStatus(value);
        }
        else
        {
            Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0');
            if (Status == 101)
            {
                Error = Http2ErrorTexts.SwitchingProtocols;
            }
            else if (Status >= 200)
            {
                Response = new HttpResponseMessage((HttpStatusCode)Status)
                {
                    RequestMessage = _request,
                    Version = HttpVersion.Version20,
                    Content = new ResponseContent(_connection!, _attempt!),
                };
            }
        }
    }

    /// <summary>RFC 9113 §8.2.1, §8.2.2.</summary>
    private static string? Check(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.IsEmpty || name.ContainsAnyExcept(FieldSyntax.TokenBytes))
        {
            return Http2ErrorTexts.IllegalFieldName(name);
        }

        if (name.ContainsAnyInRange((byte)'A', (byte)'Z'))
        {
            return Http2ErrorTexts.UpperCaseFieldName(name);
        }

        bool ofConnection = name.Length switch
        {
            7 => name.SequenceEqual("upgrade"u8),
            10 => name.SequenceEqual("connection"u8) || name.SequenceEqual("keep-alive"u8),
            16 => name.SequenceEqual("proxy-connection"u8),
            17 => name.SequenceEqual("transfer-encoding"u8),
            _ => false,
        };
        if (ofConnection)
        {
            return Http2ErrorTexts.FieldOfConnection(name);
        }

        int control = FieldSyntax.IndexOfControl(value);
        if (control >= 0)
        {
            return ResponseErrorTexts.IllegalHeaderValue(name, value[control]);
        }

        return value.Length > 0 && (FieldSyntax.IsWhiteSpace(value[0]) || FieldSyntax.IsWhiteSpace(value[^1])) ? Http2ErrorTexts.WhiteSpaceAroundValue(name) : null;
    }

    /// <summary>What was made of a field; kept with the entry of the table it came from.</summary>
    private sealed record KnownField(string Name, string Value, KnownResponseHeader Header, bool IsContentHeader);

    private readonly struct Sink(ResponseFields fields) : IFieldSink
    {
        public void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag) => fields.Take(name, value, ref tag);
    }
}
