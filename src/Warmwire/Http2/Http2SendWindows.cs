using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// What the server lets us send (RFC 9113 §5.2, §6.9): each stream has its window, and all share the connection's. Streams that find that
/// one used up get of it in turn, a frame's worth each, so that no upload takes all. Guarded by the connection's gate.
/// </summary>
internal sealed class Http2SendWindows
{
    // Those in line: a list through the streams, so that one that is cut leaves at once, and its content with it.
    private Http2Stream? _first;
    private Http2Stream? _last;

    // What nobody has, and what was given to streams and is not used yet.
    private long _left = Http2Limits.DefaultWindow;
    private long _given;

    /// <summary>
    /// Takes as much as may be sent of <paramref name="wanted"/> bytes. A stream that gets nothing is woken, by its signal, when there is
    /// something.
    /// </summary>
    public int Take(Http2Stream stream, int wanted)
    {
        wanted = (int)Math.Min(wanted, Math.Max(stream.SendWindow, 0));
        if (wanted == 0)
        {
            // Its own window is what holds it up; others may have what it was given of the shared one.
            Return(stream);
            return 0;
        }

        int taken = Math.Min(stream.Grant, wanted);
        stream.Grant -= taken;
        _given -= taken;
        if (taken == 0 && _first is null)
        {
            taken = (int)Math.Min(wanted, Math.Max(_left, 0));
            _left -= taken;
        }

        if (taken == 0 && !stream.WaitsForGrant)
        {
            Enqueue(stream);
        }

        stream.SendWindow -= taken;
        return taken;
    }

    /// <summary>The stream sends no more, or cannot now.</summary>
    public void Return(Http2Stream stream)
    {
        if (stream.Grant > 0)
        {
            _left += stream.Grant;
            _given -= stream.Grant;
            stream.Grant = 0;
            Give();
        }
    }

    /// <summary>The stream sends no more at all: it leaves the line.</summary>
    public void Leave(Http2Stream stream)
    {
        if (stream.WaitsForGrant)
        {
            Remove(stream);
        }

        Return(stream);
    }

    /// <summary>WINDOW_UPDATE for the connection.</summary>
    /// <exception cref="Http2ConnectionException">The window passes its limit (RFC 9113 §6.9.1).</exception>
    public void Grow(int increment)
    {
        _left += increment;
        if (_left + _given > int.MaxValue)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "the connection's window grew beyond 2^31-1");
        }

        Give();
    }

    /// <summary>A stream's window has changed, by WINDOW_UPDATE or SETTINGS.</summary>
    /// <returns>Whether it is within its limit.</returns>
    public static bool Grow(Http2Stream stream, long change)
    {
        stream.SendWindow += change;
        if (stream.SendWindow > int.MaxValue)
        {
            return false;
        }

        // One that stands in line for the connection's window is woken by that.
        if (!stream.WaitsForGrant && stream.SendWindow > 0)
        {
            stream.WriteSignal.Set_NeedsLock();
        }

        return true;
    }

    private void Give()
    {
        while (_left > 0 && TryDequeue(out Http2Stream? stream))
        {
            // Story: a write was given up while it stood in line, and its content writes no more for now. It would keep what others need.
            if (stream.MaySend && stream.WriteSignal.IsArmed)
            {
                int grant = (int)Math.Min(_left, Http2Limits.FrameBytes);
                Debug.Assert(stream.Grant == 0, "who stands in line has nothing");
                stream.Grant = grant;
                _left -= grant;
                _given += grant;
                stream.WriteSignal.Set_NeedsLock();
            }
        }
    }

    private void Enqueue(Http2Stream stream)
    {
        stream.WaitsForGrant = true;
        stream.InLine.Ahead = _last;
        if (_last is null)
        {
            _first = stream;
        }
        else
        {
            _last.InLine.Behind = stream;
        }

        _last = stream;
    }

    private bool TryDequeue([NotNullWhen(true)] out Http2Stream? stream)
    {
        stream = _first;
        if (stream is null)
        {
            return false;
        }

        Remove(stream);
        return true;
    }

    private void Remove(Http2Stream stream)
    {
        (Http2Stream? ahead, Http2Stream? behind) = stream.InLine;
        if (ahead is null)
        {
            _first = behind;
        }
        else
        {
            ahead.InLine.Behind = behind;
        }

        if (behind is null)
        {
            _last = ahead;
        }
        else
        {
            behind.InLine.Ahead = ahead;
        }

        stream.InLine = default;
        stream.WaitsForGrant = false;
    }
}
