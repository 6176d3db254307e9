using System.Net.Http.Headers;
using System.Runtime.CompilerServices;

namespace Warmwire.Runtime;

/// <summary>
/// Three private fields of .NET that no public member tells without a side effect. They are bound by name and type when the code is
/// compiled, ahead of time or just in time, not by reflection, so trimming keeps them. Should a later runtime rename one, the answer falls
/// back to what is public.
/// </summary>
internal static class FrameworkFields
{
    private static readonly bool s_optionsAreKnown = IsKnown(static () => _ = Options(new HttpRequestMessage()));
    private static readonly bool s_headersAreKnown = IsKnown(static () => _ = Headers(new HttpRequestMessage()));
    private static readonly bool s_contentIsKnown = IsKnown(static () => _ = Content(new StreamContent(Stream.Null)));

    /// <summary>
    /// Whether <see cref="OptionsOf"/> reads the field; otherwise it makes an empty dictionary for a request that has none.
    /// </summary>
    internal static bool OptionsAreKnown => s_optionsAreKnown;

    /// <summary>
    /// Whether <see cref="HeadersOf"/> reads the field; otherwise it makes an empty collection for a request that has none.
    /// </summary>
    internal static bool HeadersAreKnown => s_headersAreKnown;

    /// <summary>Whether <see cref="StreamOf"/> reads the field; otherwise it knows no stream.</summary>
    internal static bool ContentIsKnown => s_contentIsKnown;

    /// <summary>
    /// The options of a request, without making the dictionary that <see cref="HttpRequestMessage.Options"/> makes on first use.
    /// </summary>
    public static HttpRequestOptions? OptionsOf(HttpRequestMessage request) => s_optionsAreKnown ? Options(request) : request.Options;

    /// <summary>
    /// The headers of a request, without making the collection that <see cref="HttpRequestMessage.Headers"/> makes on first use.
    /// </summary>
    public static HttpRequestHeaders? HeadersOf(HttpRequestMessage request) => s_headersAreKnown ? Headers(request) : request.Headers;

    /// <summary>The stream a content was made over, or <see langword="null"/> if that cannot be known.</summary>
    public static Stream? StreamOf(StreamContent content) => s_contentIsKnown ? Content(content) : null;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_options")]
    private static extern ref HttpRequestOptions? Options(HttpRequestMessage request);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_headers")]
    private static extern ref HttpRequestHeaders? Headers(HttpRequestMessage request);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_content")]
    private static extern ref Stream? Content(StreamContent content);

    private static bool IsKnown(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (MissingFieldException)
        {
            return false;
        }
    }
}
