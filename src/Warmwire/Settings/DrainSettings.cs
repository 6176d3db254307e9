namespace Warmwire.Settings;

/// <summary>How much of a response that nobody wants is read so that its connection can be kept, and for how long.</summary>
/// <remarks>
/// An object of its own, because a connection keeps it until its next exchange, and must not keep what else a request has set.
/// </remarks>
/// <param name="ResponseTimeout">For a response that was disposed.</param>
/// <param name="MaxResponseSize">The same in bytes.</param>
/// <param name="CancellationTimeout">For the response of a request that was cancelled.</param>
/// <param name="MaxCancellationSize">The same in bytes.</param>
internal sealed record DrainSettings(
    TimeSpan ResponseTimeout, int MaxResponseSize, TimeSpan CancellationTimeout, int MaxCancellationSize);
