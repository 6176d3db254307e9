using System.Numerics;
using System.Runtime.Intrinsics;
using Warmwire.Diagnostics;

namespace Warmwire.Http1.Wire;

/// <summary>
/// Finds the end of a message head, or of a trailer block, in a buffer that grows. It remembers how far it looked, so that a head which
/// arrives byte by byte costs no more than one that arrives whole. What can never become a head is refused at once: a peer that speaks
/// another protocol or uses other line ends gets an error and not an endless wait.
/// </summary>
internal struct HeadScanner
{
    private readonly bool _isTrailer;
    private int _scanned;
    private int _lineStart;

    /// <param name="isTrailer">A trailer block has no start line, and may be empty: then it is the lone CR LF.</param>
    public HeadScanner(bool isTrailer) => _isTrailer = isTrailer;

    /// <param name="buffer">Always begins with the first byte of the head or block.</param>
    /// <param name="length">With the empty line at the end.</param>
    public bool TryFindEnd(ReadOnlySpan<byte> buffer, out int length)
    {
        if (!_isTrailer && _lineStart == 0)
        {
            StatusLine.CheckBeginning(buffer);
            if (_scanned == 0 && TryFindEndAtOnce(buffer, out length))
            {
                return true;
            }
        }

        length = 0;
        while (true)
        {
            int offset = buffer[_scanned..].IndexOfAny((byte)'\r', (byte)'\n');
            if (offset < 0)
            {
                _scanned = buffer.Length;
                return false;
            }

            _scanned += offset;
            if (buffer[_scanned] == '\n')
            {
                throw new WireFormatException(ResponseErrorTexts.BareLineFeed);
            }

            if (_scanned + 1 == buffer.Length)
            {
                return false; // the LF may come yet: look at this CR again
            }

            if (buffer[_scanned + 1] != '\n')
            {
                throw new WireFormatException(ResponseErrorTexts.BareCarriageReturn);
            }

            bool isEmptyLine = _scanned == _lineStart;
            _scanned += 2;
            _lineStart = _scanned;
            if (isEmptyLine)
            {
                length = _scanned;
                return true;
            }
        }
    }

    /// <summary>Before the next message.</summary>
    public void Reset()
    {
        _scanned = 0;
        _lineStart = 0;
    }

    /// <summary>
    /// The usual case, a head that is here as a whole and has no wrong line end, in one pass without branches on its lines. Anything else
    /// is left to the careful loop, which looks from the beginning and knows what to say.
    /// </summary>
    private bool TryFindEndAtOnce(ReadOnlySpan<byte> buffer, out int length)
    {
        length = 0;
        if (!Vector256.IsHardwareAccelerated)
        {
            return false;
        }

        // Bit i is byte i of the block. The carried bits stand for the bytes just before it.
        uint carriedReturn = 0;
        uint carriedFeeds = 0;
        for (int start = 0; start + Vector256<byte>.Count <= buffer.Length; start += Vector256<byte>.Count)
        {
            Vector256<byte> block = Vector256.Create(buffer.Slice(start, Vector256<byte>.Count));
            uint returns = Vector256.Equals(block, Vector256.Create((byte)'\r')).ExtractMostSignificantBits();
            uint feeds = Vector256.Equals(block, Vector256.Create((byte)'\n')).ExtractMostSignificantBits();
            uint wrong = feeds ^ ((returns << 1) | carriedReturn); // an LF without its CR, or a CR without its LF
            uint ends = feeds & ((feeds << 2) | carriedFeeds);     // an LF two bytes after another
            if ((wrong | ends) != 0)
            {
                int end = BitOperations.TrailingZeroCount(ends); // 32 for none; what follows the end is not the head's
                if (end >= BitOperations.TrailingZeroCount(wrong))
                {
                    return false;
                }

                length = start + end + 1;
                _scanned = _lineStart = length;
                return true;
            }

            carriedReturn = returns >> 31;
            carriedFeeds = feeds >> 30;
        }

        return TryFindEndInTail(buffer, carriedReturn, carriedFeeds, out length);
    }

    /// <summary>
    /// The same for the last bytes, which are fewer than a block: they are looked at as the end of a block that overlaps the one before.
    /// </summary>
    private bool TryFindEndInTail(ReadOnlySpan<byte> buffer, uint carriedReturn, uint carriedFeeds, out int length)
    {
        length = 0;
        int tail = buffer.Length & (Vector256<byte>.Count - 1);
        if (tail == 0 || buffer.Length < Vector256<byte>.Count)
        {
            return false;
        }

        int skip = Vector256<byte>.Count - tail;
        Vector256<byte> block = Vector256.Create(buffer[^Vector256<byte>.Count..]);
        uint returns = Vector256.Equals(block, Vector256.Create((byte)'\r')).ExtractMostSignificantBits() >> skip;
        uint feeds = Vector256.Equals(block, Vector256.Create((byte)'\n')).ExtractMostSignificantBits() >> skip;
        uint wrong = feeds ^ ((returns << 1) | carriedReturn);
        uint ends = feeds & ((feeds << 2) | carriedFeeds);
        int end = BitOperations.TrailingZeroCount(ends);
        if (end >= BitOperations.TrailingZeroCount(wrong))
        {
            return false; // also when there is no end yet
        }

        length = buffer.Length - tail + end + 1;
        _scanned = _lineStart = length;
        return true;
    }
}
