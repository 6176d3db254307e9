namespace Warmwire.Connections;

/// <summary>RFC 9110 §9.2.2.</summary>
internal static class IdempotentMethods
{
    public static bool Contains(HttpMethod method) =>
        method == HttpMethod.Get
        || method == HttpMethod.Head
        || method == HttpMethod.Put
        || method == HttpMethod.Delete
        || method == HttpMethod.Options
        || method == HttpMethod.Trace;

    /// <summary>
    /// Whether sending the request twice cannot make the server act twice: its method says so, or the application with
    /// <c>Idempotency-Key</c>.
    /// </summary>
    public static bool MayRepeat(HttpRequestMessage request) =>
        Contains(request.Method) || request.Headers.NonValidated.Contains("Idempotency-Key");
}
