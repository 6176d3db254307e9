using System.Net.Http.Headers;
using System.Text;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>A request as it is written, with placeholders, and what is asked of its response.</summary>
internal sealed record RequestTemplate
{
    public required HttpMethod Method { get; init; }

    public required Template Url { get; init; }

    /// <summary>What <see cref="Url"/> is if it has no placeholder.</summary>
    public Uri? FixedUrl { get; init; }

    /// <summary>Before a URL that is only a path.</summary>
    public Uri? BaseUrl { get; init; }

    public IReadOnlyList<KeyValuePair<string, Template>> Headers { get; init; } = [];

    /// <summary>The body, if it has no placeholder.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>The body, if it has one.</summary>
    public Template? PayloadTemplate { get; init; }

    public string? ContentType { get; init; }

    public IReadOnlyList<Check> Checks { get; init; } = [];

    public IReadOnlyList<Capture> Captures { get; init; } = [];

    /// <summary>Whether the response's body has to be kept to its end.</summary>
    public bool ReadsBody => Checks.Any(static check => check.ReadsBody) || Captures.Any(static capture => capture.ReadsBody);

    /// <summary>Every placeholder.</summary>
    public IEnumerable<string> Names =>
        Url.Names.Concat(Headers.SelectMany(static header => header.Value.Names)).Concat(PayloadTemplate?.Names ?? []);

    /// <returns>The path under the base, or the URL; <see langword="null"/> if it is neither.</returns>
    public static Uri? Join(Uri baseUrl, string text) => text.StartsWith('/')
        ? new Uri(baseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/') + text)
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? url) ? url : null;

    private Uri Filled(Variables variables)
    {
        string text = Url.Fill(variables, isUrl: true);
        return BaseUrl is null ? new Uri(text) : Join(BaseUrl, text) ?? throw new UriFormatException($"'{text}' is not a path or a URL");
    }

    /// <exception cref="MissingValueException">A placeholder has no value.</exception>
    /// <exception cref="UriFormatException">The values do not make a URL.</exception>
    public HttpRequestMessage Fill(Variables variables)
    {
        var request = new HttpRequestMessage(Method, FixedUrl ?? Filled(variables));
        if ((PayloadTemplate is { } template ? Encoding.UTF8.GetBytes(template.Fill(variables, isUrl: false)) : Payload) is { } payload)
        {
            request.Content = new ByteArrayContent(payload);
            if (ContentType is { } type)
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            }
        }

        foreach ((string name, Template written) in Headers)
        {
            string value = written.Fill(variables, isUrl: false);
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.Remove(name);
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }
}
