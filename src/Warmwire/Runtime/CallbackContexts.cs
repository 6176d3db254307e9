using System.Net;
using System.Runtime.CompilerServices;

namespace Warmwire.Runtime;

/// <summary>
/// Makes the contexts of .NET's callbacks, which have no public constructors, and knows the number of the connection that each is for: in
/// .NET 10 a context has no place for one.
/// </summary>
internal static class CallbackContexts
{
    // Its constructors take the number too.
    private static readonly bool s_isNet11 = Environment.Version.Major >= 11;

    private static readonly ConditionalWeakTable<object, StrongBox<long>> s_ids = [];

    public static SocketsHttpConnectionContext ForConnect(DnsEndPoint endPoint, HttpRequestMessage initialRequest, long connectionId) =>
        With(s_isNet11 ? New(endPoint, initialRequest, connectionId) : New(endPoint, initialRequest), connectionId);

    public static SocketsHttpPlaintextStreamFilterContext ForFilter(
        Stream stream, Version httpVersion, HttpRequestMessage initialRequest, long connectionId) =>
        With(s_isNet11 ? New(stream, httpVersion, initialRequest, connectionId) : New(stream, httpVersion, initialRequest), connectionId);

    /// <summary>Zero: another handler made the context.</summary>
    public static long ConnectionIdOf(object context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return s_ids.TryGetValue(context, out StrongBox<long>? id) ? id.Value : 0;
    }

    private static T With<T>(T context, long id)
        where T : class
    {
        s_ids.Add(context, new StrongBox<long>(id));
        return context;
    }

    // A test fails if these move.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SocketsHttpConnectionContext New(DnsEndPoint dnsEndPoint, HttpRequestMessage initialRequestMessage);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SocketsHttpConnectionContext New(
        DnsEndPoint dnsEndPoint, HttpRequestMessage initialRequestMessage, long connectionId);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SocketsHttpPlaintextStreamFilterContext New(
        Stream plaintextStream, Version negotiatedHttpVersion, HttpRequestMessage initialRequestMessage);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SocketsHttpPlaintextStreamFilterContext New(
        Stream plaintextStream, Version negotiatedHttpVersion, HttpRequestMessage initialRequestMessage, long connectionId);
}
