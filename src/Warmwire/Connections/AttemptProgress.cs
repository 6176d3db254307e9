namespace Warmwire.Connections;

/// <summary>How far an attempt has come. Written by the connection that serves it, read by the code that judges its failure.</summary>
internal struct AttemptProgress
{
    private Task? _copying;

    /// <summary>How much of the request was handed to the operating system.</summary>
    public RequestSent Sent { get; set; }

    /// <summary>The content being written, which ends soon after the connection, but not with it.</summary>
    public Task Copying { readonly get => _copying ?? Task.CompletedTask; set => _copying = value; }

    /// <summary>Whether one byte of a response has arrived.</summary>
    public bool ResponseStarted { get; set; }

    /// <summary>
    /// The server has said that it did nothing with the request: REFUSED_STREAM, or a GOAWAY that leaves it out (RFC 9113 §8.7).
    /// </summary>
    public bool NotProcessed { get; set; }

    /// <summary>The content has been asked for its bytes, whether or not any of them have left.</summary>
    public bool ContentBegun { get; set; }

    /// <summary>
    /// The content waited for 100 Continue, and a final response came in its place: it will not be asked for its bytes any more. Set before
    /// the promise is kept.
    /// </summary>
    public bool ContentWithheld { get; set; }

    /// <summary>
    /// Whether the connection had no slot after all. The server has not seen the request, or has refused it because we could not know of
    /// its limit: the request waits again, and that is no replay.
    /// </summary>
    public bool TurnedAway { get; set; }

    /// <summary>Whether the request waited for a connection, so that what ended the wait may still refer to the attempt.</summary>
    public bool WasQueued { get; set; }

    /// <summary>
    /// Set before the promise is kept, by the flow that keeps it: the connection, its timers and the token's callbacks know the attempt no
    /// more, so its awaiter is the last one to hold it.
    /// </summary>
    public bool Forgotten { get; set; }
}
