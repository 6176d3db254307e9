using Warmwire.Http2.Wire;

namespace Warmwire.Http2;

/// <summary>
/// What we let the server send. The connection's window opens again as soon as data has come, because nobody's reading may hold up the
/// others; a stream's opens when its caller reads, and grows while it is what holds the server up, within limits. Guarded by the
/// connection's gate.
/// </summary>
internal sealed class Http2ReceiveWindows
{
    private readonly int _initial;
    private ReceiveWindow _connection;
    private long _grown;

    // What may still come of streams that were cut, as far as their windows had been given.
    private long _late = Http2Limits.LateBytes;

    /// <param name="initial"><see cref="PooledHttpHandler.InitialHttp2StreamWindowSize"/>.</param>
    /// <param name="now">When the connection was opened.</param>
    public Http2ReceiveWindows(int initial, long now)
    {
        _initial = initial;
        _connection = new ReceiveWindow(Http2Limits.ConnectionWindow, now);
    }

    public ReceiveWindow NewStream(long now) => new(_initial, now);

    /// <summary>Data has come on any stream, also one that is gone.</summary>
    /// <returns>The increment to tell the server for the connection, or 0.</returns>
    /// <exception cref="Http2ConnectionException">It was more than the window allows.</exception>
    public int Came(int bytes)
    {
        if (_connection.Take(bytes) == ReceiveWindowUse.Passed)
        {
            throw new Http2ConnectionException(Http2ErrorCode.FlowControlError, "the server sent more than the connection's window allows");
        }

        return _connection.Consume(bytes);
    }

    /// <summary>The caller of a stream has read so much of its data.</summary>
    /// <returns>The increment to tell the server for the stream, or 0.</returns>
    public int Read(Http2Stream stream, int bytes, TimeProvider time, long roundTrip)
    {
        int credit = stream.Window.Consume(bytes);
        return credit > 0 && stream.Window.ShouldGrow(credit, time.GetTimestamp(), roundTrip) ? credit + Grow(ref stream.Window) : credit;
    }

    /// <summary>Data has come on a stream that is gone.</summary>
    /// <exception cref="Http2ConnectionException">
    /// It was more than can have been on its way when the streams were cut: a server that goes on would be given the connection's window
    /// for nothing.
    /// </exception>
    public void CameLate(int bytes)
    {
        _late -= bytes;
        if (_late < 0)
        {
            throw new Http2ConnectionException(
                Http2ErrorCode.EnhanceYourCalm, "the server sends more on streams that are over than their windows allowed");
        }
    }

    /// <summary>The stream receives no more: what its window has grown by is free for others.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isCut">Whether more may be on its way.</param>
    public void Closed(Http2Stream stream, bool isCut)
    {
        _grown -= Math.Max(0, stream.Window.Size - _initial);
        if (isCut)
        {
            // No more is ever on its way than the connection's window.
            _late = Math.Min(_late + stream.Window.Left, Http2Limits.ConnectionWindow);
        }
    }

    private int Grow(ref ReceiveWindow window)
    {
        int size = Math.Min(window.Size * 2, Http2Limits.MaxStreamWindow);
        int growth = size - window.Size;
        if (growth <= 0 || _grown + growth > Http2Limits.MaxStreamWindowGrowth)
        {
            return 0;
        }

        _grown += growth;
        return window.GrowTo(size);
    }
}
