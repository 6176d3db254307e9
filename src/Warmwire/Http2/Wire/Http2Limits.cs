namespace Warmwire.Http2.Wire;

/// <summary>Limits that no setting governs; docs/limits.md lists them with their errors.</summary>
internal static class Http2Limits
{
    /// <summary>The window of a stream or connection before it is changed (RFC 9113 §6.9.2).</summary>
    public const int DefaultWindow = 65_535;

    /// <summary>The largest payload of a frame that we accept, and the largest we send (RFC 9113 §4.2).</summary>
    public const int FrameBytes = 16_384;

    /// <summary>
    /// The receive window of a connection. It bounds nothing that we hold, because it opens as data comes; a small one that is used up
    /// makes servers stand still that do not read window updates behind uploads they cannot answer (haproxy).
    /// </summary>
    public const int ConnectionWindow = 64 * 1024 * 1024;

    /// <summary>What may come of streams that were cut, beside what their windows had allowed.</summary>
    public const int LateBytes = 1024 * 1024;

    /// <summary>The largest receive window of a stream.</summary>
    public const int MaxStreamWindow = 16 * 1024 * 1024;

    /// <summary>
    /// How much the receive windows of a connection's streams may have grown together: what readers that stop can make us hold.
    /// </summary>
    public const int MaxStreamWindowGrowth = 64 * 1024 * 1024;

    /// <summary>Our header compression table at most; a server that allows more does not get more.</summary>
    public const int HeaderTableBytes = 4096;

    /// <summary>Interim (1xx) responses before one final response.</summary>
    public const int InterimResponses = 100;

    /// <summary>CONTINUATION frames in one header block, besides those that its size explains.</summary>
    public const int ContinuationFrames = 32;

    /// <summary>A response body up to this size that is complete when its response is handed over is handed over as a whole.</summary>
    public const int DetachedBodyBytes = 4096;

    /// <summary>Bytes that wait to be sent, above which the content of a request waits.</summary>
    public const int PendingOutputBytes = 256 * 1024;

    /// <summary>Bytes that wait to be sent, above which no request is begun until contents need not wait either.</summary>
    /// <remarks>
    /// Story: an upload over a slow path kept as many bytes waiting as contents may, and requests beside it were not begun until it paused,
    /// or the server was left as one that does not read. So heads have room above contents.
    /// </remarks>
    public const int PendingRequestBytes = 2 * PendingOutputBytes;

    /// <summary>Bytes of window updates and resets that wait to be sent while the peer does not read.</summary>
    public const int PendingControlBytes = 1024 * 1024;

    /// <summary>Sends in a row on the thread of one caller while others add frames; then a work item goes on.</summary>
    public const int SendsInARow = 8;

    /// <summary>Acknowledgements that wait to be sent while the peer does not read.</summary>
    public const int PendingAcknowledgements = 1000;

    /// <summary>Streams that were cut, whose late frames are ignored and not answered.</summary>
    public const int CutStreams = 256;

    /// <summary>Stream objects that serve no request and are kept for the next ones.</summary>
    public const int SpareStreams = 256;

    /// <summary>The same, of an idle connection.</summary>
    public const int IdleSpareStreams = 8;

    /// <summary>The receive buffer of a connection begins with this size and is given back when the connection is idle.</summary>
    public const int ReceiveBufferBytes = 4096;

    /// <summary>The receive buffer grows up to this size while reads fill it.</summary>
    public const int MaxReceiveBufferBytes = 64 * 1024;

    /// <summary>How long the rest of a request may take that the server has refused; then it is not sent.</summary>
    public static readonly TimeSpan RequestAfterResponse = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a server that has answered with success, and completely, may take nothing more of the request; then the exchange fails.
    /// </summary>
    public static readonly TimeSpan UploadStall = TimeSpan.FromSeconds(30);

    /// <summary>How long a server may read nothing while requests cannot be begun for it; then the connection is closed.</summary>
    public static readonly TimeSpan UnreadOutput = TimeSpan.FromSeconds(30);

    /// <summary>How long is read on after writing failed: a server that closes says why, and may have answered, before it does.</summary>
    public static readonly TimeSpan ReadAfterWriteError = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a request that depends on the server's SETTINGS waits for them.</summary>
    public static readonly TimeSpan WaitForSettings = TimeSpan.FromSeconds(10);

    /// <summary>An exchange that is given up after less silence of its connection says nothing about the peer.</summary>
    public static readonly TimeSpan SilenceBeforeDoubt = TimeSpan.FromMilliseconds(250);

    /// <summary>A connection that was idle for longer is asked for unread input before it serves again.</summary>
    public static readonly TimeSpan HeardOfJustNow = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Ping frames of the server: this many at once, so many more each second and for each HEADERS or DATA frame we send: servers measure
    /// the round trip with one of each flight of data.
    /// </summary>
    public const int PingBurst = 1000;
    public const int PingsPerSecond = 50;
    public const int PingsPerFrame = 1;

    /// <summary>
    /// Settings frames of the server: this many at once, and so many more each second. grpc-go sends one whenever it finds that windows a
    /// third larger would serve, about twenty until it allows no more.
    /// </summary>
    public const int SettingsBurst = 256;
    public const int SettingsPerSecond = 1;

    /// <summary>DATA frames without data: this many at once, so many more each second and for each stream we open.</summary>
    public const int EmptyDataBurst = 1000;
    public const int EmptyDataPerSecond = 100;
    public const int EmptyDataPerStream = 1;

    /// <summary>
    /// Frames for streams that are gone: this many at once, so many more each second, for each stream we open and each that we reset.
    /// </summary>
    public const int GoneStreamBurst = 1000;
    public const int GoneStreamPerSecond = 100;
    public const int GoneStreamPerStream = 4;
    public const int GoneStreamPerReset = 10;

    /// <summary>DATA frames for streams that are gone count among these frames below this size; larger ones by their bytes.</summary>
    public const int SmallDataBytes = 256;

    /// <summary>
    /// Exchanges that the server resets: this many at once, and so many more each second and for each response. Refusals (REFUSED_STREAM,
    /// ENHANCE_YOUR_CALM) of what was sent for the first time do not count.
    /// </summary>
    public const int ResetBurst = 1000;
    public const int ResetsPerSecond = 100;
    public const int ResetsPerResponse = 1;

    /// <summary>Window updates: this many at once, and so many more each second and for each DATA frame we send.</summary>
    public const int WindowUpdateBurst = 10_000;
    public const int WindowUpdatesPerSecond = 1000;
    public const int WindowUpdatesPerData = 10;

    /// <summary>Frames that are ignored (priorities, unknown types): this many at once, and so many more each second.</summary>
    public const int IgnoredFrameBurst = 1000;
    public const int IgnoredFramesPerSecond = 100;
}
