using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Http1.Wire;

internal enum ChunkStatus : byte
{
    /// <summary>All of the input was used up and there is no data in it.</summary>
    NeedMore,

    /// <summary>The slice is data of the body.</summary>
    Data,

    /// <summary>The last chunk's size line was consumed; what follows is the trailer block, empty or not.</summary>
    EndOfChunks,
}

/// <summary>
/// Reads the chunked coding (RFC 9112 §7.1) from input cut anywhere. It copies nothing: data is named by its place in the input. It is as
/// strict as the grammar, because a chunk line that two recipients read differently is how responses are smuggled.
/// </summary>
/// <remarks>
/// <code>
/// Size ──SP, HTAB──► Space ──;──► Extension
///   │ └────────────────;─────────►    │
///   CR                                CR
///   └───────────► SizeLineFeed ◄──────┘
///                   │      └─LF, size 0──► End
///                 LF, size > 0
///                   ▼
/// Size ◄──LF── DataLineFeed ◄──CR── DataCarriageReturn ◄──all of it── Data
/// </code>
/// </remarks>
internal struct ChunkDecoder
{
    public const int MaxSizeDigits = 16;
    public const int MaxExtensionBytes = 16 * 1024;

    private State _state;
    private byte _digits;
    private int _extensionBytes; // of the whole body: one limit for a line and for all
    private long _size;          // as far as it is read; then what is left of the chunk

    private enum State : byte
    {
        Size,
        Space,
        Extension,
        SizeLineFeed,
        Data,
        DataCarriageReturn,
        DataLineFeed,
        End,
    }

    /// <summary>Bytes of data the current chunk still has; 0 between chunks.</summary>
    public readonly long RemainingInChunk => _state == State.Data ? _size : 0;

    /// <summary>The caller read data of the current chunk by itself.</summary>
    public void AdvanceData(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, RemainingInChunk);
        if (count > 0 && (_size -= count) == 0)
        {
            _state = State.DataCarriageReturn;
        }
    }

    /// <param name="input">What has arrived and was not consumed yet.</param>
    /// <param name="maxData">
    /// The most data the caller can take now. With 0, <see cref="ChunkStatus.Data"/> tells that there is some.
    /// </param>
    /// <param name="consumed">What the caller must drop from the input, the data with it.</param>
    /// <param name="dataStart">Where in the input the data is.</param>
    /// <param name="dataLength">How much.</param>
    public ChunkStatus Decode(ReadOnlySpan<byte> input, int maxData, out int consumed, out int dataStart, out int dataLength)
    {
        consumed = 0;
        dataStart = 0;
        dataLength = 0;
        while (_state != State.End)
        {
            if (consumed == input.Length)
            {
                return ChunkStatus.NeedMore;
            }

            byte next = input[consumed];
            switch (_state)
            {
                case State.Size:
                    consumed++;
                    AddToSize(next);
                    break;

                case State.Space:
                    consumed++;
                    CountExtension(1);
                    if (!FieldSyntax.IsWhiteSpace(next))
                    {
                        _state = next == ';' ? State.Extension : next == '\r' ? State.SizeLineFeed : throw Junk(next);
                    }

                    break;

                case State.Extension:
                    consumed += SkipExtension(input[consumed..]);
                    break;

                case State.SizeLineFeed:
                    consumed++;
                    EndSizeLine(next);
                    break;

                case State.Data:
                    dataStart = consumed;
                    dataLength = (int)Math.Min(_size, Math.Min(input.Length - consumed, maxData));
                    consumed += dataLength;
                    AdvanceData(dataLength);
                    return ChunkStatus.Data;

                case State.DataCarriageReturn:
                    consumed++;
                    _state = next == '\r' ? State.DataLineFeed : throw new WireFormatException(ResponseErrorTexts.MissingLineEndAfterChunk);
                    break;

                case State.DataLineFeed:
                    consumed++;
                    _state = next == '\n' ? State.Size : throw new WireFormatException(ResponseErrorTexts.MissingLineEndAfterChunk);
                    break;
            }
        }

        return ChunkStatus.EndOfChunks;
    }

    private void AddToSize(byte next)
    {
        int digit = HexDigit(next);
        if (digit >= 0)
        {
            // More digits than a size can have are zeros in front, as servers write that leave room for the number, or it is too large.
            // The zeros count as extensions do, so that a size has an end.
            if (_digits < MaxSizeDigits)
            {
                _digits++;
            }
            else
            {
                CountExtension(1);
            }

            if (_size > long.MaxValue >> 4)
            {
                throw new WireFormatException(ResponseErrorTexts.ChunkSizeTooLarge);
            }

            _size = (_size << 4) | (uint)digit;
            return;
        }

        if (_digits == 0)
        {
            throw next is (byte)'\r' or (byte)';' ? new WireFormatException(ResponseErrorTexts.ChunkSizeMissing) : Junk(next);
        }

        switch (next)
        {
            case (byte)'\r':
                _state = State.SizeLineFeed;
                break;
            case (byte)';':
                CountExtension(1);
                _state = State.Extension;
                break;
            case (byte)' ' or (byte)'\t':
                // Bad white space (RFC 9112 §7.1.1): in front of an extension, or padding at the line's end as old servers write it.
                CountExtension(1);
                _state = State.Space;
                break;
            default:
                throw Junk(next);
        }
    }

    /// <summary>Extensions say nothing to us (RFC 9112 §7.1.1); only their end matters.</summary>
    private int SkipExtension(ReadOnlySpan<byte> input)
    {
        int end = input.IndexOfAny(FieldSyntax.ControlBytes);
        CountExtension(end < 0 ? input.Length : end);
        if (end < 0)
        {
            return input.Length;
        }

        _state = input[end] switch
        {
            (byte)'\r' => State.SizeLineFeed,
            (byte)'\n' => throw new WireFormatException(ResponseErrorTexts.BareLineFeed),
            _ => throw new WireFormatException(ResponseErrorTexts.ControlInChunkExtension),
        };
        return end + 1;
    }

    private void EndSizeLine(byte next)
    {
        if (next != '\n')
        {
            throw new WireFormatException(ResponseErrorTexts.BareCarriageReturn);
        }

        _digits = 0;
        _state = _size == 0 ? State.End : State.Data;
    }

    private void CountExtension(int bytes)
    {
        _extensionBytes += bytes;
        if (_extensionBytes > MaxExtensionBytes)
        {
            throw new WireFormatException(ResponseErrorTexts.ChunkExtensionsTooLong(MaxExtensionBytes));
        }
    }

    private static int HexDigit(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };

    private static WireFormatException Junk(byte junk) =>
        new(junk == '\n' ? ResponseErrorTexts.BareLineFeed : ResponseErrorTexts.JunkInChunkSize(junk));
}
