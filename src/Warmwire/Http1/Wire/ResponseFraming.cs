using System.Globalization;
using System.Text;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Sockets;

namespace Warmwire.Http1.Wire;

/// <summary>
/// Gathers the headers that decide where a response ends, and decides (RFC 9112 §6.3). One value per response, interim ones too. Whatever
/// another recipient could read differently is refused, because then two peers would disagree on where the next response begins. A
/// response that has no body ends at the empty line for every recipient (rule 1), so there nothing is refused.
/// </summary>
internal struct ResponseFraming
{
    private long _contentLength;
    private string? _defect; // the first that was found; it counts only if there is a body to frame
    private int _keepAliveTimeout;
    private Seen _seen;

    [Flags]
    private enum Seen : byte
    {
        None = 0,
        ContentLength = 1,
        Chunked = 2,
        Close = 4,
        KeepAlive = 8,
        MaxZero = 16,
        Timeout = 32,
        Identity = 64,
    }

    public void Add(KnownResponseHeader known, ReadOnlySpan<byte> value)
    {
        switch (known)
        {
            case KnownResponseHeader.ContentLength:
                AddContentLength(value);
                break;
            case KnownResponseHeader.TransferEncoding:
                AddTransferEncoding(value);
                break;
            case KnownResponseHeader.Connection:
                AddConnection(value);
                break;
            case KnownResponseHeader.KeepAlive:
                AddKeepAlive(value);
                break;
        }
    }

    public readonly FramingResult Resolve(int statusCode, int minorVersion, bool isHead, bool isConnect)
    {
        BodyKind kind;
        bool ambiguous = false;
        if (statusCode == 101 || (isConnect && statusCode is >= 200 and <= 299))
        {
            kind = BodyKind.Raw; // rule 2: whatever such a response says of a body is ignored
        }
        else if (isHead || statusCode is (>= 100 and <= 199) or 204 or 304)
        {
            kind = BodyKind.None;
        }
        else
        {
            kind = KindOfBody(minorVersion);

            // Two recipients may differ on what "identity" is, so nothing is read behind such a body.
            ambiguous = Has(Seen.Identity);
        }

        bool closeHeader = Has(Seen.Close) || Has(Seen.MaxZero) || ambiguous;
        bool http10 = !closeHeader && minorVersion == 0 && !Has(Seen.KeepAlive);
        return new FramingResult
        {
            Kind = kind,
            Length = kind == BodyKind.Length ? _contentLength : 0,
            KeepAlive = !closeHeader && !http10 && kind is not (BodyKind.UntilClose or BodyKind.Raw),
            Http10 = http10,
            KeepAliveTimeoutSeconds = Has(Seen.Timeout) ? _keepAliveTimeout : null,
        };
    }

    private readonly BodyKind KindOfBody(int minorVersion)
    {
        string? defect = _defect
            ?? (!Has(Seen.Chunked) ? null
                : Has(Seen.ContentLength) ? ResponseErrorTexts.LengthAndTransferEncoding
                : minorVersion == 0 ? ResponseErrorTexts.TransferEncodingOnHttp10
                : null);
        if (defect is not null)
        {
            throw new WireFormatException(defect);
        }

        return Has(Seen.Chunked) ? BodyKind.Chunked
            : !Has(Seen.ContentLength) ? BodyKind.UntilClose
            : _contentLength == 0 ? BodyKind.None
            : BodyKind.Length;
    }

    private readonly bool Has(Seen what) => (_seen & what) != Seen.None;

    /// <summary>RFC 9110 §8.6: a number, or by some intermediary's work a list of the same number.</summary>
    private void AddContentLength(ReadOnlySpan<byte> value)
    {
        if (!Has(Seen.ContentLength) && TryParseShort(value, out long only))
        {
            _contentLength = only;
            _seen |= Seen.ContentLength;
            return;
        }

        ReadOnlySpan<byte> rest = value;
        bool more;
        do
        {
            ReadOnlySpan<byte> member = NextMember(ref rest, out more);

            // NumberStyles.None: digits and nothing else; overflow is a failure.
            if (!long.TryParse(member, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                _defect ??= ResponseErrorTexts.MalformedContentLength(value);
                return;
            }

            if (Has(Seen.ContentLength) && length != _contentLength)
            {
                _defect ??= ResponseErrorTexts.DifferingContentLengths(_contentLength, length);
                return;
            }

            _contentLength = length;
            _seen |= Seen.ContentLength;
        }
        while (more);
    }

    /// <summary>The one number it nearly always is, too short to overflow.</summary>
    private static bool TryParseShort(ReadOnlySpan<byte> value, out long number)
    {
        number = 0;
        if (value.Length is 0 or > 18)
        {
            return false;
        }

        foreach (byte b in value)
        {
            uint digit = (uint)(b - '0');
            if (digit > 9)
            {
                return false;
            }

            number = (number * 10) + digit;
        }

        return true;
    }

    /// <summary>
    /// We send no TE, so chunked is the only coding a server may use (RFC 9112 §7.4), and it may be applied once (§6.1). "identity" is what
    /// servers of RFC 2616 §3.6 say for no coding at all: accepted where it stands alone.
    /// </summary>
    private void AddTransferEncoding(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> coding = FieldSyntax.TrimWhiteSpace(value);
        if (Has(Seen.Chunked | Seen.Identity))
        {
            _defect ??= ResponseErrorTexts.SeveralTransferEncodings;
        }
        else if (Ascii.EqualsIgnoreCase(coding, "chunked"u8))
        {
            _seen |= Seen.Chunked;
        }
        else if (Ascii.EqualsIgnoreCase(coding, "identity"u8))
        {
            _seen |= Seen.Identity;
        }
        else
        {
            _defect ??= ResponseErrorTexts.UnknownTransferEncoding(value);
        }
    }

    private void AddConnection(ReadOnlySpan<byte> value)
    {
        if (value.SequenceEqual("keep-alive"u8))
        {
            _seen |= Seen.KeepAlive;
            return;
        }

        bool more;
        do
        {
            ReadOnlySpan<byte> option = NextMember(ref value, out more);
            if (Ascii.EqualsIgnoreCase(option, "close"u8))
            {
                _seen |= Seen.Close;
            }
            else if (Ascii.EqualsIgnoreCase(option, "keep-alive"u8))
            {
                _seen |= Seen.KeepAlive;
            }
        }
        while (more);
    }

    /// <summary>
    /// A hint without a standard's force (it was RFC 2068 §19.7.1): what is not understood is passed over, never an error.
    /// </summary>
    private void AddKeepAlive(ReadOnlySpan<byte> value)
    {
        bool more;
        do
        {
            ReadOnlySpan<byte> member = NextMember(ref value, out more);
            int equals = member.IndexOf((byte)'=');
            if (equals < 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = FieldSyntax.TrimWhiteSpace(member[..equals]);
            ReadOnlySpan<byte> text = FieldSyntax.TrimWhiteSpace(member[(equals + 1)..]).Trim((byte)'"');
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                continue;
            }

            if (Ascii.EqualsIgnoreCase(name, "timeout"u8))
            {
                _keepAliveTimeout = Has(Seen.Timeout) ? Math.Min(_keepAliveTimeout, number) : number;
                _seen |= Seen.Timeout;
            }
            else if (number == 0 && Ascii.EqualsIgnoreCase(name, "max"u8))
            {
                _seen |= Seen.MaxZero;
            }
        }
        while (more);
    }

    /// <summary>Cuts the next member off a comma list; may be empty.</summary>
    private static ReadOnlySpan<byte> NextMember(ref ReadOnlySpan<byte> list, out bool more)
    {
        int comma = list.IndexOf((byte)',');
        more = comma >= 0;
        ReadOnlySpan<byte> member = more ? list[..comma] : list;
        list = more ? list[(comma + 1)..] : default;
        return FieldSyntax.TrimWhiteSpace(member);
    }
}
