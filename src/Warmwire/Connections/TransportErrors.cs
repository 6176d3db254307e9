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
            ErrorTexts.ConnectionGone(Shown(connection, attempt), connection.Id, reason),
            PhaseOf(attempt),
            connection,
            attempt,
            Disposed(reason));

    public static TransportException BodyGone(HttpConnection connection, Attempt attempt, CloseReason reason) =>
        Make(
            HttpRequestError.ResponseEnded,
            ErrorTexts.BodyGone(Shown(connection, attempt), connection.Id),
            TransportPhase.ReadBody,
            connection,
            attempt,
            Disposed(reason));

    public static TransportException ServerClosed(HttpConnection connection, Attempt attempt, TransportPhase phase) =>
        Make(
            HttpRequestError.ResponseEnded,
            ErrorTexts.ServerClosed(
                Shown(connection, attempt),
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
            ErrorTexts.ReadFailed(Shown(connection, attempt), connection.Id, phase, inner),
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
            ErrorTexts.WriteFailed(Shown(connection, attempt), connection.Id, inner),
            TransportPhase.WriteRequest,
            connection,
            attempt,
            inner);

    public static TransportException ContentFailed(HttpConnection connection, Attempt attempt, Exception inner) =>
        Make(
            HttpRequestError.Unknown,
            ErrorTexts.ContentFailed(Shown(connection, attempt), inner),
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
            ErrorTexts.RequestStalled(Shown(connection, attempt), connection.Id, status, limit),
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
            ErrorTexts.InvalidResponse(Shown(connection, attempt), connection.Id, what, setting), phase, connection, attempt, inner);

    public static TransportException ResponseHeadersTimeout(HttpConnection connection, Attempt attempt) =>
        Timeout(
            ErrorTexts.ResponseHeadersTimeout(Shown(connection, attempt), connection.Id, attempt.Settings.ResponseHeadersTimeout),
            TransportPhase.ReadHeaders,
            connection,
            attempt);

    public static TransportException ResponseBodyIdleTimeout(HttpConnection connection, Attempt attempt) =>
        Timeout(
            ErrorTexts.ResponseBodyIdleTimeout(Shown(connection, attempt), connection.Id, attempt.Settings.ResponseBodyIdleTimeout),
            TransportPhase.ReadBody,
            connection,
            attempt);

    public static TransportException TotalTimeout(
        HttpConnection connection, Attempt attempt, TotalDeadline total, TransportPhase phase) =>
        Timeout(ErrorTexts.TotalTimeout(Shown(connection, attempt), total.Limit, phase, total.Setting), phase, connection, attempt);

    /// <summary>The total time is over between two attempts, on no connection.</summary>
    public static TransportException TotalTimeout(string origin, TotalDeadline total, TransportPhase phase)
    {
        string message = ErrorTexts.TotalTimeout(origin, total.Limit, phase, total.Setting);
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
            OriginOf(connection, attempt),
            connectionId: null);

    /// <summary>
    /// The origin of the request. A connection to a proxy that forwards serves requests of many, so it cannot tell.
    /// </summary>
    private static string OriginOf(HttpConnection connection, Attempt attempt) =>
        connection.Route.IsForwarding && attempt.Request.RequestUri is { } uri
            ? $"http://{new HostAndPort(uri.IdnHost, uri.Port).ToString()}"
            : connection.Route.Origin;

    /// <summary>The same for texts, with the proxy that lies between.</summary>
    private static string Shown(HttpConnection connection, Attempt attempt) =>
        connection.Route.IsForwarding
            ? ProxyErrorTexts.Through(OriginOf(connection, attempt), connection.Route.Origin)
            : connection.Route.OriginAndProxy;

    private static TransportException Timeout(string message, TransportPhase phase, HttpConnection connection, Attempt attempt) =>
        Make(HttpRequestError.Unknown, message, phase, connection, attempt, new TimeoutException(message), isTimeout: true);

    private static ObjectDisposedException? Disposed(CloseReason reason) =>
        reason == CloseReason.Disposed ? new ObjectDisposedException(ErrorTexts.HandlerName) : null;

    /// <summary>Where an exchange without a response stands.</summary>
    public static TransportPhase PhaseOf(Attempt attempt) =>
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
            OriginOf(connection, attempt),
            connection.Id,
            isTimeout,
            mayReplay,
            attempt.Progress.NotProcessed);
    }
}
