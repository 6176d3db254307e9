using Warmwire.Diagnostics;

namespace Warmwire.Http1;

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
}
