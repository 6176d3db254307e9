using System.Net;

namespace Warmwire.Samples.PubSub;

/// <summary>A publish that failed, in the service or on the way to it.</summary>
internal sealed class PubSubException : Exception
{
    public PubSubException(string statusName, string message, HttpStatusCode? statusCode = null, Exception? inner = null)
        : base(message, inner)
    {
        StatusName = statusName;
        StatusCode = statusCode;
    }

    /// <summary>
    /// The service's name for the failure, such as <c>NOT_FOUND</c>; for failures that never reached it, the name it would use.
    /// </summary>
    public string StatusName { get; }

    /// <summary>The status of the service's answer, or <see langword="null"/> if there was none.</summary>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>
    /// Whether the same publish may succeed later. It may also have succeeded already: a retry can publish a message twice.
    /// </summary>
    public bool IsRetryable => StatusName
        is PubSubStatus.Aborted
            or PubSubStatus.Cancelled
            or PubSubStatus.DeadlineExceeded
            or PubSubStatus.Internal
            or PubSubStatus.ResourceExhausted
            or PubSubStatus.Unavailable;
}
