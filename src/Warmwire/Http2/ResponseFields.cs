using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using Warmwire.Bodies;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Http2.Hpack;
using Warmwire.Http2.Wire;
using Warmwire.Settings;

namespace Warmwire.Http2;

/// <summary>
/// Makes a response, or its trailers, of a header block, and judges it (RFC 9113 §8.2, §8.3.2). A block that breaks a rule is decoded to
/// its end all the same, because the compression goes on with the next one. The reading flow's own.
/// </summary>
internal sealed class ResponseFields
{
    private readonly HandlerSettings _settings;

    // What is made of one block; assigned as a whole, so that none shows what another has left.
    private Block _block;

    public ResponseFields(HandlerSettings settings) => _settings = settings;

    /// <summary>0 if there was none.</summary>
    public int Status => _block.Status;

    /// <summary>Of a final response.</summary>
    public HttpResponseMessage? Response => _block.Response;

    /// <summary>Those of its fields that are not in it yet, because the user's code is to be asked about them.</summary>
    public UndecodedFields? Undecoded => _block.Undecoded;

    public List<KeyValuePair<string, string>>? Trailers => _block.Trailers;

    public long? ContentLength => _block.ContentLength;

    /// <summary>What is wrong with the block.</summary>
    public string? Error => _block.Error;

    /// <summary>The setting that the block passes, if that is what is wrong with it.</summary>
    public string? ErrorSetting => _block.ErrorSetting;

    /// <summary>The block's size as it counts against the limit.</summary>
    public long Bytes => _block.Bytes;

    /// <summary>A block of a stream that is gone: only what it does to the tables counts.</summary>
    public void Skip(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        Clear();
        _block.Skips = true;
        Decode(decoder, block);
    }

    public void ReadHead(HpackDecoder decoder, ReadOnlySpan<byte> block, HttpConnection connection, Attempt attempt, long maxBytes)
    {
        Clear();
        _block.Request = attempt.Request;
        _block.Connection = connection;
        _block.Attempt = attempt;
        _block.MaxBytes = maxBytes;
        Decode(decoder, block);
        if (Error is null && Status == 0)
        {
            _block.Error = Http2ErrorTexts.NoStatus;
        }
    }

    public void ReadTrailers(HpackDecoder decoder, ReadOnlySpan<byte> block, HttpRequestMessage? request, long maxBytes)
    {
        Clear();
        _block.Request = request;
        _block.IsTrailers = true;
        _block.MaxBytes = maxBytes;
        Decode(decoder, block);
    }

    /// <summary>Holds nothing of a response any more.</summary>
    public void Clear() => _block = new Block { MaxBytes = long.MaxValue };

    private void Decode(HpackDecoder decoder, ReadOnlySpan<byte> block)
    {
        var sink = new Sink(this);
        decoder.Decode(block, ref sink);
    }

    private void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag)
    {
        if (_block.Skips || Error is not null)
        {
            return;
        }

        _block.Bytes += name.Length + value.Length + 32;
        if (++_block.Count > _settings.MaxResponseHeaderCount)
        {
            _block.Error = Http2ErrorTexts.TooManyFields(_settings.MaxResponseHeaderCount);
            _block.ErrorSetting = "PooledHttpHandler.MaxResponseHeaderCount";
            return;
        }

        if (_block.Bytes > _block.MaxBytes)
        {
            _block.Error = Http2ErrorTexts.FieldsTooLong(_settings.MaxResponseHeadersBytes);
            _block.ErrorSetting = "PooledHttpHandler.MaxResponseHeadersLength";
            return;
        }

        if (name.Length > 0 && name[0] == ':')
        {
            TakePseudo(name, value);
            return;
        }

        // RFC 9113 §8.2.1 forbids white space around a value. Servers send it, and what it means is as clear as in HTTP/1.1.
        value = FieldSyntax.TrimWhiteSpace(value);
        _block.RegularCame = true;
        if (Status is >= 100 and < 200)
        {
            // Checked, and not kept: nobody is told of interim responses' fields.
            _block.Error = Check(name, value);
            return;
        }

        if (Response is null && !_block.IsTrailers)
        {
            _block.Error = Http2ErrorTexts.NoStatus;
            return;
        }

        KnownField? known = tag as KnownField;
        if (known is null)
        {
            _block.Error = Check(name, value);
            if (Error is not null)
            {
                return;
            }

            string text = ResponseHeaderNames.Lookup(name, out KnownResponseHeader header, out bool isContentHeader);
            if (_settings.ResponseHeaderEncodingSelector is not null)
            {
                KeepUndecoded(text, header, isContentHeader, value);
                return;
            }

            tag = known = new KnownField(text, ResponseHeaderNames.DecodeValue(header, value, encoding: null), header, isContentHeader);
        }

        Keep(known, value);
    }

    private void Keep(KnownField field, ReadOnlySpan<byte> value)
    {
        if (_block.IsTrailers)
        {
            if (!TrailerRules.IsForbidden(field.Name))
            {
                (_block.Trailers ??= []).Add(new KeyValuePair<string, string>(field.Name, field.Value));
            }

            return;
        }

        if (field.Header == KnownResponseHeader.ContentLength)
        {
            TakeContentLength(value);
        }

        if (field.IsContentHeader)
        {
            (_block.ContentHeaders ??= Response!.Content.Headers).TryAddWithoutValidation(field.Name, field.Value);
        }
        else
        {
            (_block.Headers ??= Response!.Headers).TryAddWithoutValidation(field.Name, field.Value);
        }
    }

    /// <summary>The selector of encodings is asked when the response is handed over.</summary>
    private void KeepUndecoded(string name, KnownResponseHeader header, bool isContentHeader, ReadOnlySpan<byte> value)
    {
        if (_block.IsTrailers)
        {
            if (TrailerRules.IsForbidden(name))
            {
                return;
            }
        }
        else if (header == KnownResponseHeader.ContentLength)
        {
            TakeContentLength(value);
        }

        (_block.Undecoded ??= new UndecodedFields()).Add(name, header, isContentHeader, value);
    }

    /// <summary>RFC 9110 §8.6: digits, and if it comes again, the same.</summary>
    private void TakeContentLength(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty
            || value.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            || !Utf8Parser.TryParse(value, out long length, out int used)
            || used != value.Length)
        {
            _block.Error = ResponseErrorTexts.MalformedContentLength(value);
        }
        else if (ContentLength is { } other && other != length)
        {
            _block.Error = ResponseErrorTexts.DifferingContentLengths(other, length);
        }
        else
        {
            _block.ContentLength = length;
        }
    }

    /// <summary>RFC 9113 §8.3: a response has :status, once, before all others.</summary>
    private void TakePseudo(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_block.IsTrailers)
        {
            _block.Error = Http2ErrorTexts.PseudoFieldInTrailers(name);
        }
        else if (!name.SequenceEqual(":status"u8))
        {
            _block.Error = Http2ErrorTexts.UnknownPseudoField(name);
        }
        else if (_block.RegularCame)
        {
            _block.Error = Http2ErrorTexts.PseudoFieldTooLate(name);
        }
        else if (Status != 0)
        {
            _block.Error = Http2ErrorTexts.SecondStatus;
        }
        else if (value.Length != 3 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || value[0] == '0')
        {
            _block.Error = Http2ErrorTexts.IllegalStatus(value);
        }
        else
        {
            _block.Status = ((value[0] - '0') * 100) + ((value[1] - '0') * 10) + (value[2] - '0');
            if (Status == 101)
            {
                _block.Error = Http2ErrorTexts.SwitchingProtocols;
            }
            else if (Status >= 200)
            {
                _block.Response = new HttpResponseMessage((HttpStatusCode)Status)
                {
                    RequestMessage = _block.Request,
                    Version = HttpVersion.Version20,
                    Content = new ResponseContent(_block.Connection!, _block.Attempt!),
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
        return control >= 0 ? ResponseErrorTexts.IllegalHeaderValue(name, value[control]) : null;
    }

    /// <summary>What is known of one block.</summary>
    private struct Block
    {
        public HttpRequestMessage? Request;
        public HttpConnection? Connection;
        public Attempt? Attempt;
        public HttpResponseMessage? Response;
        public HttpResponseHeaders? Headers;
        public HttpContentHeaders? ContentHeaders;
        public UndecodedFields? Undecoded;
        public List<KeyValuePair<string, string>>? Trailers;
        public string? Error;
        public string? ErrorSetting;
        public long? ContentLength;
        public long Bytes;
        public long MaxBytes;
        public int Count;
        public int Status;
        public bool IsTrailers;
        public bool Skips;
        public bool RegularCame;
    }

    /// <summary>What was made of a field; kept with the entry of the table it came from.</summary>
    private sealed record KnownField(string Name, string Value, KnownResponseHeader Header, bool IsContentHeader);

    private readonly struct Sink(ResponseFields fields) : IFieldSink
    {
        public void Field(int wellKnownIndex, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref object? tag) =>
            fields.Take(name, value, ref tag);
    }
}
