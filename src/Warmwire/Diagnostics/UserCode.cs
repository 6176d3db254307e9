using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;

namespace Warmwire.Diagnostics;

/// <summary>The one gateway to code of the application that the transport calls. It is never called under a lock.</summary>
/// <remarks>
/// <para>
/// <em>Observers</em> watch: callbacks of a <see cref="RequestTrace"/>, listeners of metrics, activities and diagnostic events. What they
/// throw is swallowed, because a count that is not written or a connection that is not returned would outlive the request. (An event source
/// swallows what its listeners throw by itself.)
/// </para>
/// <para>
/// <em>Deciders</em> give the transport what a request cannot do without: here the encodings of header values; elsewhere the callbacks of a
/// dial and the propagator of the trace context. What they throw fails the request that asked, and nothing else.
/// </para>
/// </remarks>
internal static class UserCode
{
    // ---- Observers: callbacks ---------------------------------------------------------------------------------------

    public static void Tell(Action? callback)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback();
        }
        catch (Exception)
        {
            // An observer's failure is its own.
        }
    }

    public static void Tell<T>(Action<T>? callback, T argument)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback(argument);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Tell<T1, T2>(Action<T1, T2>? callback, T1 first, T2 second)
    {
        if (callback is null)
        {
            return;
        }

        try
        {
            callback(first, second);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    // ---- Observers: sources and metrics -----------------------------------------------------------------------------

    /// <summary>
    /// An instrument, or another source of telemetry. <see langword="null"/>: a listener threw when it was published, so nothing can be
    /// told with it.
    /// </summary>
    public static T? Publish<T>(Func<T> create)
        where T : class
    {
        try
        {
            return create();
        }
        catch (Exception)
        {
            return null;
        }
    }

    public static void Add(Counter<long>? counter, in TagList tags)
    {
        try
        {
            counter?.Add(1, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Add(UpDownCounter<long>? counter, long change, in TagList tags)
    {
        try
        {
            counter?.Add(change, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Record(Histogram<double>? histogram, double value, in TagList tags)
    {
        try
        {
            histogram?.Record(value, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Record<T>(Gauge<T>? gauge, T value, in TagList tags)
        where T : struct
    {
        try
        {
            gauge?.Record(value, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    // ---- Observers: activities --------------------------------------------------------------------------------------

    /// <summary>Starts an activity if a listener wants one. It may be started although a listener threw.</summary>
    public static Activity? Start(ActivitySource source, string name, ActivityKind kind)
    {
        try
        {
            return Start(source.CreateActivity(name, kind));
        }
        catch (Exception)
        {
            // As above.
            return null;
        }
    }

    public static Activity? Start(Activity? activity)
    {
        try
        {
            activity?.Start();
        }
        catch (Exception)
        {
            // As above.
        }

        return activity;
    }

    /// <summary>Adds the event of an exception; listeners may change its tags.</summary>
    public static void AddException(Activity activity, Exception error)
    {
        try
        {
            activity.AddException(error);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    public static void Stop(Activity activity)
    {
        try
        {
            activity.Stop();
        }
        catch (Exception)
        {
            // As above.
        }
    }

    // ---- Observers: diagnostic events -------------------------------------------------------------------------------

    public static bool IsEnabled(DiagnosticListener listener, string name, object? about = null)
    {
        try
        {
            return listener.IsEnabled(name, about);
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <param name="listener">Whom it is told.</param>
    /// <param name="name">The event.</param>
    /// <param name="payload">Its values, which subscribers look up by name.</param>
    /// <typeparam name="T">The type whose public properties trimming keeps.</typeparam>
    [UnconditionalSuppressMessage(
        "Trimming", "IL2026", Justification = "Payloads keep their own properties, and by DynamicDependency those behind them.")]
    public static void Write<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        DiagnosticListener listener, string name, T payload)
    {
        try
        {
            listener.Write(name, payload);
        }
        catch (Exception)
        {
            // As above.
        }
    }

    // ---- Deciders ---------------------------------------------------------------------------------------------------

    /// <summary>The encoding that the handler's <c>RequestHeaderEncodingSelector</c> chooses for a header.</summary>
    /// <exception cref="HttpRequestException">The selector threw.</exception>
    public static Encoding? EncodingOfRequest(
        HeaderEncodingSelector<HttpRequestMessage>? selector, string header, HttpRequestMessage request) =>
        selector is null ? null : Choose(selector, header, request, RequestErrorTexts.EncodingSelectorFailed);

    /// <summary>The encoding that the handler's <c>ResponseHeaderEncodingSelector</c> chooses for a header.</summary>
    /// <exception cref="HttpRequestException">The selector threw.</exception>
    public static Encoding? EncodingOfResponse(
        HeaderEncodingSelector<HttpRequestMessage>? selector, string header, HttpRequestMessage request) =>
        selector is null ? null : Choose(selector, header, request, ResponseErrorTexts.EncodingSelectorFailed);

    /// <summary>The size of a value of a request header in an encoding of the application's.</summary>
    /// <exception cref="HttpRequestException">The encoding threw, for example because it refuses a character.</exception>
    public static int CountBytes(Encoding encoding, string header, ReadOnlySpan<char> value)
    {
        try
        {
            return encoding.GetByteCount(value);
        }
        catch (Exception e)
        {
            throw new HttpRequestException(RequestErrorTexts.HeaderNotEncodable(header, e), e);
        }
    }

    /// <summary>Writes a value of a request header in an encoding of the application's, and returns its size.</summary>
    /// <exception cref="HttpRequestException">The encoding threw.</exception>
    public static int Encode(Encoding encoding, string header, ReadOnlySpan<char> value, Span<byte> destination)
    {
        try
        {
            return encoding.GetBytes(value, destination);
        }
        catch (Exception e)
        {
            throw new HttpRequestException(RequestErrorTexts.HeaderNotEncodable(header, e), e);
        }
    }

    /// <summary>Reads a value of a response header in an encoding of the application's.</summary>
    /// <exception cref="HttpRequestException">The encoding threw, for example because it refuses a byte.</exception>
    public static string Decode(Encoding encoding, ReadOnlySpan<byte> value)
    {
        try
        {
            return encoding.GetString(value);
        }
        catch (Exception e)
        {
            throw new HttpRequestException(ResponseErrorTexts.HeaderNotDecodable(e), e);
        }
    }

    /// <summary>What it throws is in the task.</summary>
    public static Task<bool> ShouldEvict(
        Func<SocketsHttpConnectionEvictionContext, CancellationToken, Task<bool>> callback,
        SocketsHttpConnectionEvictionContext context,
        CancellationToken cancellationToken)
    {
        try
        {
            return callback(context, cancellationToken) ?? Task.FromResult(false);
        }
        catch (Exception e)
        {
            return Task.FromException<bool>(e);
        }
    }

    /// <summary>
    /// The proxy of a request, by the application's <see cref="IWebProxy"/>. As in .NET, one that throws is taken for one that does not
    /// apply; and so is the destination itself, which is what .NET Framework's contract had for "no proxy".
    /// </summary>
    public static Uri? ProxyFor(IWebProxy proxy, Uri destination)
    {
        try
        {
            // Without any proxy in the environment this is one virtual call that returns null.
            Uri? address = proxy.GetProxy(destination);
            return address is null || address == destination || proxy.IsBypassed(destination) ? null : address;
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>The credentials of the application's <see cref="IWebProxy"/>; none if it throws.</summary>
    public static ICredentials? CredentialsOf(IWebProxy proxy)
    {
        try
        {
            return proxy.Credentials;
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>What the application's credentials hold for a URI and a scheme of authentication; nothing if they throw.</summary>
    public static NetworkCredential? ProxyCredentialFor(ICredentials credentials, Uri uri, string scheme)
    {
        try
        {
            return credentials.GetCredential(uri, scheme);
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>What the program has for a server or proxy that asks to authenticate with a scheme.</summary>
    /// <exception cref="HttpRequestException">The program's code threw.</exception>
    public static NetworkCredential? CredentialFor(ICredentials credentials, Uri uri, string scheme, string origin, bool isProxy)
    {
        try
        {
            return credentials.GetCredential(uri, scheme);
        }
        catch (Exception e)
        {
            throw new HttpRequestException(AuthenticationErrorTexts.CredentialsFailed(scheme, origin, isProxy, e), e);
        }
    }

    private static Encoding? Choose(
        HeaderEncodingSelector<HttpRequestMessage> selector,
        string header,
        HttpRequestMessage request,
        Func<string, Exception, string> describe)
    {
        try
        {
            return selector(header, request);
        }
        catch (Exception e)
        {
            throw new HttpRequestException(describe(header, e), e);
        }
    }
}
