using System.Diagnostics;
using System.Net.Http.Metrics;
using System.Runtime.CompilerServices;

namespace Warmwire.Runtime;

/// <summary>
/// Callbacks that a program has added to a request with <see cref="HttpMetricsEnrichmentContext.AddCallback"/>. Only .NET's own handler
/// can make the context they get, so its private members are bound as in <see cref="FrameworkFields"/>; should a later runtime rename one,
/// there is no enrichment.
/// </summary>
internal static class MetricsEnrichment
{
    private const string OptionKey = "HttpMetricsEnrichmentContext";

    /// <summary>Whether the members are bound; otherwise <see cref="TakeCallbacks"/> finds nothing.</summary>
    internal static bool IsKnown { get; } = Bind();

    /// <summary>Takes the callbacks from the request, so that they are called once.</summary>
    public static List<Action<HttpMetricsEnrichmentContext>>? TakeCallbacks(HttpRequestMessage request) =>
        IsKnown
        && FrameworkFields.OptionsOf(request) is { } options
        && ((IDictionary<string, object?>)options).Remove(OptionKey, out object? value)
            ? value as List<Action<HttpMetricsEnrichmentContext>>
            : null;

    /// <summary>The context that a callback gets.</summary>
    public static HttpMetricsEnrichmentContext Of(
        HttpRequestMessage request, HttpResponseMessage? response, Exception? error, in TagList tags)
    {
        HttpMetricsEnrichmentContext context = New();
        Request(context) = request;
        Response(context) = response;
        Error(context) = error;
        Tags(context) = tags;
        return context;
    }

    public static TagList TagsOf(HttpMetricsEnrichmentContext context) => Tags(context);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern HttpMetricsEnrichmentContext New();

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_request")]
    private static extern ref HttpRequestMessage? Request(HttpMetricsEnrichmentContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_response")]
    private static extern ref HttpResponseMessage? Response(HttpMetricsEnrichmentContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_exception")]
    private static extern ref Exception? Error(HttpMetricsEnrichmentContext context);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_tags")]
    private static extern ref TagList Tags(HttpMetricsEnrichmentContext context);

    private static bool Bind()
    {
        try
        {
            _ = TagsOf(Of(new HttpRequestMessage(), response: null, error: null, default));
            return true;
        }
        catch (MissingMemberException)
        {
            return false;
        }
    }
}
