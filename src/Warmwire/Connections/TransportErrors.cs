using System.Net.Security;
using System.Security.Authentication;
using Warmwire.Diagnostics;

namespace Warmwire.Connections;

/// <summary>The failures of an exchange on a connection, with their data. The words are in <see cref="ErrorTexts"/>.</summary>
internal static class TransportErrors
{
    public static TransportException ConnectionGone(HttpConnection connection, Attempt attempt, CloseReason reason) =>
        Make(
            HttpRequestError.Unknown,
            ErrorTexts.ConnectionGone(connection.Route.Origin, connection.Id, reason),
            PhaseOf(attempt),
            connection,
            attempt,
            Disposed(reason));

    public static TransportException BodyGone(HttpConnection connection, Attempt attempt, CloseReason reason) =>
        Make(
            HttpRequestError.ResponseEnded,
            ErrorTexts.BodyGone(connection.Route.Origin, connection.Id),
            TransportPhase.ReadBody,
            connection,
            attempt,
            Disposed(reason));

    public static TransportException ServerClosed(HttpConnection connection, Attempt attempt, TransportPhase phase) =>
        Make(
            HttpRequestError.ResponseEnded,
            ErrorTexts.ServerClosed(
                connection.Route.Origin,
                connection.Id,
                phase,
                attempt.Progress.ResponseStarted,
                attempt.Lease.Reused,
                attempt.Progress.Sent),
            phase,
            connection,
            attempt,
            new HttpIOException(HttpRequestError.ResponseEnded, ErrorTexts.EndedTooEarly));

    public static TransportException ReadFailed(HttpConnection connection, Attempt attempt, Exception inner, TransportPhase phase) =>
        Make(
            KindOf(inner),
            ErrorTexts.ReadFailed(connection.Route.Origin, connection.Id, phase, inner),
            phase,
            connection,
            attempt,
            TheirsIn(inner));

    /// <summary>
    /// What a failed read is. With TLS 1.3 the server refuses our certificate, or the lack of one, after our side of the handshake is over,
    /// so its alert comes where a response is awaited. The platform wraps an exception of its own, whose type is not public.
    /// </summary>
    public static HttpRequestError KindOf(Exception readError) =>
        readError is IOException && readError.GetBaseException() is var cause
            && (cause is AuthenticationException || cause.GetType().Assembly == typeof(SslStream).Assembly)
                ? HttpRequestError.SecureConnectionError
                : HttpRequestError.Unknown;

    /// <summary>
    /// What the application's code threw, if <see cref="UserCode"/> has wrapped it to say where; as in .NET, it stands right inside.
    /// </summary>
    public static Exception TheirsIn(Exception error) => error is HttpRequestException { InnerException: { } theirs } ? theirs : error;

    public static TransportException WriteFailed(HttpConnection connection, Attempt attempt, Exception inner) =>
        Make(
            HttpRequestError.Unknown,
            ErrorTexts.WriteFailed(connection.Route.Origin, connection.Id, inner),
            TransportPhase.WriteRequest,
            connection,
            attempt,
            inner);

    public static TransportException ContentFailed(HttpConnection connection, Attempt attempt, Exception inner) =>
        Make(
            HttpRequestError.Unknown,
            ErrorTexts.ContentFailed(connection.Route.Origin, inner),
            TransportPhase.WriteRequest,
            connection,
            attempt,
            inner);

    /// <summary>
    /// What the caller sees when the content has thrown. As in .NET, the failures that contents and their streams have are the request's,
    /// with the content's own inside; any other is the program's own and stays what it is.
    /// </summary>
    public static Exception OfContent(HttpConnection connection, Attempt attempt, Exception error) =>
        error is InvalidOperationException or IOException ? ContentFailed(connection, attempt, error) : error;

    public static TransportException RequestStalled(HttpConnection connection, Attempt attempt, int status, TimeSpan limit) =>
        Timeout(
            ErrorTexts.RequestStalled(connection.Route.Origin, connection.Id, status, limit),
            TransportPhase.WriteRequest,
            connection,
            attempt);

    public static TransportException InvalidResponse(
        HttpConnection connection,
        Attempt attempt,
        string what,
        string? setting,
        Exception inner,
        TransportPhase phase) =>
        Make(setting is null ? HttpRequestError.InvalidResponse : HttpRequestError.ConfigurationLimitExceeded,
            ErrorTexts.InvalidResponse(connection.Route.Origin, connection.Id, what, setting), phase, connection, attempt, inner);

    public static TransportException ResponseHeadersTimeout(HttpConnection connection, Attempt attempt) =>
        Timeout(
            ErrorTexts.ResponseHeadersTimeout(connection.Route.Origin, connection.Id, attempt.Settings.ResponseHeadersTimeout),
            TransportPhase.ReadHeaders,
            connection,
            attempt);

    public static TransportException ResponseBodyIdleTimeout(HttpConnection connection, Attempt attempt) =>
        Timeout(
            ErrorTexts.ResponseBodyIdleTimeout(connection.Route.Origin, connection.Id, attempt.Settings.ResponseBodyIdleTimeout),
            TransportPhase.ReadBody,
            connection,
            attempt);

    public static TransportException TotalTimeout(HttpConnection connection, Attempt attempt, TimeSpan limit, TransportPhase phase) =>
        Timeout(ErrorTexts.TotalTimeout(connection.Route.Origin, limit, phase), phase, connection, attempt);

    /// <summary>The total time is over between two attempts, on no connection.</summary>
    public static TransportException TotalTimeout(string origin, TimeSpan limit, TransportPhase phase)
    {
        string message = ErrorTexts.TotalTimeout(origin, limit, phase);
        return new TransportException(
            HttpRequestError.Unknown,
            message,
            new TimeoutException(message),
            phase,
            RequestSent.Fully,
            origin,
            connectionId: null,
            isTimeout: true);
    }

    /// <summary>The request cannot be sent as it is; sending it again would not help.</summary>
    public static TransportException Refused(HttpConnection connection, Attempt attempt, HttpRequestException refusal) =>
        new(
            refusal.HttpRequestError,
            refusal.Message,
            refusal.InnerException,
            TransportPhase.WriteRequest,
            RequestSent.No,
            connection.Route.Origin,
            connectionId: null);

    private static TransportException Timeout(string message, TransportPhase phase, HttpConnection connection, Attempt attempt) =>
        Make(HttpRequestError.Unknown, message, phase, connection, attempt, new TimeoutException(message), isTimeout: true);

    private static ObjectDisposedException? Disposed(CloseReason reason) =>
        reason == CloseReason.Disposed ? new ObjectDisposedException(ErrorTexts.HandlerName) : null;

    private static TransportPhase PhaseOf(Attempt attempt) =>
        attempt.Progress.Sent == RequestSent.Fully ? TransportPhase.ReadHeaders : TransportPhase.WriteRequest;

    private static TransportException Make(
        HttpRequestError error,
        string message,
        TransportPhase phase,
        HttpConnection connection,
        Attempt attempt,
        Exception? inner,
        bool isTimeout = false)
    {
        bool mayReplay = attempt.Progress.Sent == RequestSent.No
            || attempt.Progress.NotProcessed
            || IdempotentMethods.MayRepeat(attempt.Request);
        return new TransportException(
            error,
            message,
            inner,
            phase,
            attempt.Progress.Sent,
            connection.Route.Origin,
            connection.Id,
            isTimeout,
            mayReplay,
            attempt.Progress.NotProcessed);
    }
}
