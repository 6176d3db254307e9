using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Http1.Wire;

/// <summary>
/// Goes through the field lines of a head or trailer block (RFC 9112 §5). Everything two recipients could read differently is refused:
/// folded lines, white space before the colon, control characters.
/// </summary>
internal ref struct HeaderLineReader
{
    private ReadOnlySpan<byte> _remaining;

    /// <param name="block">The lines after the status line, up to and including the empty one.</param>
    public HeaderLineReader(ReadOnlySpan<byte> block) => _remaining = block;

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Where the name stands in <see cref="ResponseHeaderNames"/>, or -1.</summary>
    public int NameIndex { get; private set; }

    /// <summary>Without the white space around it.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        if (_remaining is [(byte)'\r', (byte)'\n', ..])
        {
            _remaining = default;
            return false;
        }

        // A well-known name needs no other check. In any other, the first byte that cannot be in a name must be the colon.
        int colon = _remaining.IndexOf((byte)':');
        int index = colon > 0 ? ResponseHeaderNames.IndexOf(_remaining[..colon]) : -1;
        if (index < 0)
        {
            colon = _remaining.IndexOfAnyExcept(FieldSyntax.TokenBytes);
            if (colon <= 0 || _remaining[colon] != ':')
            {
                throw IllegalName(colon);
            }
        }

        // The first byte that cannot be in a value must be the line's end.
        ReadOnlySpan<byte> afterColon = _remaining[(colon + 1)..];
        int end = FieldSyntax.IndexOfControl(afterColon);
        if (end < 0 || !afterColon[end..].StartsWith("\r\n"u8))
        {
            throw IllegalValue(_remaining[..colon], end < 0 ? default : afterColon[end..]);
        }

        Name = _remaining[..colon];
        NameIndex = index;
        Value = FieldSyntax.TrimWhiteSpace(afterColon[..end]);
        _remaining = afterColon[(end + 2)..];
        return true;
    }

    private readonly WireFormatException IllegalName(int at)
    {
        if (at < 0)
        {
            return new WireFormatException(ResponseErrorTexts.UnterminatedLine);
        }

        byte illegal = _remaining[at];
        ReadOnlySpan<byte> name = _remaining[..at];
        if (illegal == '\n')
        {
            return new WireFormatException(ResponseErrorTexts.BareLineFeed);
        }

        if (illegal == '\r')
        {
            bool endsLine = _remaining[at..].StartsWith("\r\n"u8);
            return new WireFormatException(endsLine ? ResponseErrorTexts.NoColon(name) : ResponseErrorTexts.BareCarriageReturn);
        }

        if (at == 0 && FieldSyntax.IsWhiteSpace(illegal))
        {
            return new WireFormatException(ResponseErrorTexts.FoldedLine(Name));
        }

        if (at == 0 && illegal == ':')
        {
            return new WireFormatException(ResponseErrorTexts.EmptyHeaderName(Name));
        }

        return new WireFormatException(FieldSyntax.TrimWhiteSpace(_remaining[at..]) is [(byte)':', ..]
            ? ResponseErrorTexts.SpaceBeforeColon(name)
            : ResponseErrorTexts.IllegalHeaderName(name, illegal));
    }

    private static WireFormatException IllegalValue(ReadOnlySpan<byte> name, ReadOnlySpan<byte> fromIllegal) => new(fromIllegal switch
    {
        [] => ResponseErrorTexts.UnterminatedLine,
        [(byte)'\n', ..] => ResponseErrorTexts.BareLineFeed,
        [(byte)'\r', ..] => ResponseErrorTexts.BareCarriageReturn,
        _ => ResponseErrorTexts.IllegalHeaderValue(name, fromIllegal[0]),
    });
}
