using System.Globalization;
using System.Text.Json;
using Warmwire.Cli.Outcomes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Warmwire.Cli.Importing;

/// <summary>
/// What a browser recorded in an HTTP archive, as a scenario for <c>quick</c>: its requests one after another, and the pauses between them.
/// </summary>
internal static class HarScenario
{
    public const long MaxBytes = 256 * 1024 * 1024;

    /// <summary>With a pause before each they are the steps that a flow may have.</summary>
    public const int MaxEntries = 5_000;

    /// <summary>A shorter pause is the browser's work.</summary>
    private const double LeastPause = 0.1;

    private static readonly string[] s_methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"];

    /// <summary>They are made anew for each request, or belong to the connection.</summary>
    private static readonly string[] s_droppedHeaders =
        ["host", "content-length", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"];

    /// <exception cref="CommandFailure">It cannot be read, or a scenario cannot say it.</exception>
    public static string Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw Wrong(path, $"it is larger than {MaxBytes / (1024 * 1024)} MiB");
            }

            using FileStream stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Write(path, document.RootElement.GetProperty("log").GetProperty("entries"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure($"import har: {error.Message}", error, ExitCodes.Usage);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandFailure($"import har: {path} is not an HTTP archive: {error.Message}", error, ExitCodes.Usage);
        }
    }

    private static string Write(string path, JsonElement entries)
    {
        var flow = new YamlSequenceNode();
        string? target = null;
        int left = 0;
        int taken = 0;
        DateTimeOffset? ended = null;
        foreach (JsonElement entry in entries.EnumerateArray())
        {
            JsonElement request = entry.GetProperty("request");
            string method = request.GetProperty("method").GetString() ?? "";
            if (!Uri.TryCreate(request.GetProperty("url").GetString(), UriKind.Absolute, out Uri? url)
                || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
                || !s_methods.Contains(method, StringComparer.Ordinal))
            {
                left++;
                continue;
            }

            taken = taken < MaxEntries
                ? taken + 1
                : throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"it has more than {MaxEntries:N0} requests"));
            target ??= url.GetLeftPart(UriPartial.Authority);
            DateTimeOffset started = entry.GetProperty("startedDateTime").GetDateTimeOffset();
            if (ended is { } last && (started - last).TotalSeconds is >= LeastPause and var pause)
            {
                flow.Add(Map(("think", Plain(pause.ToString("0.#", CultureInfo.InvariantCulture)))));
            }

            DateTimeOffset end = started.AddMilliseconds(Math.Max(0, entry.GetProperty("time").GetDouble()));
            ended = ended > end ? ended : end;
            flow.Add(Map((method.ToLowerInvariant(), Request(path, target, url, entry, request))));
        }

        YamlMappingNode root = Map(
            ("config", Map(
                ("target", Quoted(target ?? throw Wrong(path, "it has no http request"))),
                ("phases", new YamlSequenceNode(Map(("duration", Plain("1")), ("arrivalCount", Plain("1"))))))),
            ("scenarios", new YamlSequenceNode(Map(("flow", flow)))));
        return Comment(taken, left) + Text(root);
    }

    private static string Comment(int taken, int left) => string.Create(
        CultureInfo.InvariantCulture,
        $"# {taken} requests, one after another: what a browser does at the same time is not.\n")
        + (left > 0 ? string.Create(CultureInfo.InvariantCulture, $"# {left} entries of other methods or schemes were left out.\n") : "");

    private static YamlMappingNode Request(string path, string target, Uri url, JsonElement entry, JsonElement request)
    {
        string text = url.GetLeftPart(UriPartial.Query);
        bool isUnderTarget = text.StartsWith(target + "/", StringComparison.Ordinal);
        YamlMappingNode map = Map(("url", Value(path, isUnderTarget ? text[target.Length..] : text)));
        var headers = new YamlMappingNode();
        foreach (JsonElement header in request.GetProperty("headers").EnumerateArray())
        {
            string name = header.GetProperty("name").GetString()!;
            string value = header.GetProperty("value").GetString()!;
            if (name.StartsWith(':') || s_droppedHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            // Of a name that comes twice the values are one list.
            YamlNode key = Quoted(name);
            headers.Children[key] = Value(path, headers.Children.TryGetValue(key, out YamlNode? former) ? $"{former}, {value}" : value);
        }

        if (headers.Children.Count > 0)
        {
            map.Add("headers", headers);
        }

        if (request.TryGetProperty("postData", out JsonElement data) && Body(path, data) is { Length: > 0 } body)
        {
            map.Add("body", Value(path, body));
        }

        if (entry.TryGetProperty("response", out JsonElement response)
            && response.TryGetProperty("status", out JsonElement status)
            && status.GetInt32() is >= 100 and <= 599 and var code)
        {
            map.Add("expect", Map(("statusCode", Plain(code.ToString(CultureInfo.InvariantCulture)))));
        }

        return map;
    }

    private static string? Body(string path, JsonElement data)
    {
        if (data.TryGetProperty("encoding", out JsonElement encoding) && encoding.GetString() is { Length: > 0 } name)
        {
            throw Wrong(path, $"a body is encoded as {name}, which a scenario cannot say");
        }

        if (data.TryGetProperty("text", out JsonElement text) && text.GetString() is { Length: > 0 } written)
        {
            return written;
        }

        return data.TryGetProperty("params", out JsonElement fields)
            ? string.Join('&', fields.EnumerateArray().Select(field => field.TryGetProperty("fileName", out _)
                ? throw Wrong(path, "a form with a file is sent, which a scenario cannot say")
                : $"{Escaped(field, "name")}={Escaped(field, "value")}"))
            : null;
    }

    private static string Escaped(JsonElement field, string name) =>
        Uri.EscapeDataString(field.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "");

    private static YamlScalarNode Value(string path, string text) => text.Contains("{{", StringComparison.Ordinal)
        ? throw Wrong(path, $"'{{{{' in '{(text.Length > 60 ? text[..60] + "…" : text)}' would be a placeholder in a scenario")
        : Quoted(text);

    private static YamlMappingNode Map(params (string Key, YamlNode Value)[] members)
    {
        var map = new YamlMappingNode();
        foreach ((string key, YamlNode value) in members)
        {
            map.Add(key, value);
        }

        return map;
    }

    private static YamlScalarNode Plain(string text) => new(text);

    private static YamlScalarNode Quoted(string text) => new(text) { Style = ScalarStyle.DoubleQuoted };

    private static string Text(YamlMappingNode root)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new YamlStream(new YamlDocument(root)).Save(writer, assignAnchors: false);
        string text = writer.ToString();
        return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
    }

    private static CommandFailure Wrong(string path, string problem) => new($"import har: {path}: {problem}", ExitCodes.Usage);
}
