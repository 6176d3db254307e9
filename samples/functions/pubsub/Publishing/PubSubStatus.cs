using System.Net;

namespace Warmwire.Samples.PubSub;

/// <summary>The names by which the service calls its failures.</summary>
internal static class PubSubStatus
{
    public const string Aborted = "ABORTED";
    public const string AlreadyExists = "ALREADY_EXISTS";
    public const string Cancelled = "CANCELLED";
    public const string DeadlineExceeded = "DEADLINE_EXCEEDED";
    public const string FailedPrecondition = "FAILED_PRECONDITION";
    public const string Internal = "INTERNAL";
    public const string InvalidArgument = "INVALID_ARGUMENT";
    public const string NotFound = "NOT_FOUND";
    public const string PermissionDenied = "PERMISSION_DENIED";
    public const string ResourceExhausted = "RESOURCE_EXHAUSTED";
    public const string Unauthenticated = "UNAUTHENTICATED";
    public const string Unavailable = "UNAVAILABLE";
    public const string Unimplemented = "UNIMPLEMENTED";
    public const string Unknown = "UNKNOWN";

    /// <summary>The name for an answer that has none, such as a proxy's page of HTML.</summary>
    public static string Of(HttpStatusCode code) => (int)code switch
    {
        400 or 413 => InvalidArgument,
        401 => Unauthenticated,
        403 => PermissionDenied,
        404 => NotFound,
        408 or 504 => DeadlineExceeded,
        409 => Aborted,
        429 => ResourceExhausted,
        499 => Cancelled,
        500 => Internal,
        501 => Unimplemented,
        502 or 503 => Unavailable,
        _ => Unknown,
    };
}
