using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>Reads the steps of a flow.</summary>
internal sealed class ScenarioSteps
{
    public const int MaxSteps = 10_000;
    public const int MaxDepth = 20;

    private const long MaxLoops = 1_000_000;

    private static readonly string[] s_requests = ["get", "post", "put", "delete", "patch", "head"];

    private readonly string _file;
    private readonly Uri _target;
    private readonly RequestTemplate _common;
    private readonly HashSet<string> _known;
    private int _steps;
    private long _factor = 1;

    public ScenarioSteps(string file, Uri target, RequestTemplate common, CsvData? data)
    {
        (_file, _target, _common) = (file, target, common);
        _known = new HashSet<string>(data?.Names ?? [], StringComparer.Ordinal);
    }

    /// <summary>How many requests the steps that were read make.</summary>
    public long Requests { get; private set; }

    public IReadOnlyList<FlowStep> Read(IReadOnlyList<YamlNode> nodes, int depth = 0)
    {
        var steps = new List<FlowStep>();
        foreach (YamlNode node in nodes)
        {
            if (++_steps > MaxSteps || depth > MaxDepth)
            {
                throw YamlMap.Wrong(_file, node, $"a flow may have {MaxSteps} steps and {MaxDepth} loops in one another at most");
            }

            steps.Add(Step(new YamlMap(_file, "a step", node), depth));
        }

        return steps;
    }

    private FlowStep Step(YamlMap step, int depth)
    {
        switch (step.Keys.FirstOrDefault())
        {
            case "think":
                string text = step.Only("think").GetText("think");
                return new FlowStep.Think(TimeSpan.FromSeconds(
                    Duration.TryParse(text) ?? throw step.Wrong("think", $"must be a time such as 1, 0.5 or 500ms, not '{text}'")));
            case "loop" or "count":
                step.Only("loop", "count");
                double count = step.FindNumber("count", 1, MaxLoops) ?? throw step.Wrong("with 'loop' needs a 'count'");
                long before = _factor;
                _factor = Math.Min(before * (long)count, QuickSettings.MaxArrivals);
                IReadOnlyList<FlowStep> steps = Read(step.GetList("loop"), depth + 1);
                _factor = before;
                return new FlowStep.Loop((long)count, steps);
            case { } method when s_requests.Contains(method, StringComparer.Ordinal):
                RequestTemplate request = Request(step.Only(method), method);
                Requests = Math.Min(Requests + _factor, QuickSettings.MaxArrivals);
                return new FlowStep.Send(_ => request);
            case { } other:
                throw step.Wrong($"has the key '{other}', which is not read; those that are: {string.Join(", ", s_requests)}, think, loop");
            case null:
                throw step.Wrong("is empty");
        }
    }

    private RequestTemplate Request(YamlMap step, string method)
    {
        YamlMap map = step.FindMap(method)!.Only("url", "name", "headers", "json", "body", "capture", "match", "expect");
        YamlMap? headers = map.FindMap("headers");
        (string? body, string? type) = (map.FindText("body"), null);
        if (map.Find("json") is { } json)
        {
            (body, type) = body is null
                ? (Json(json)?.ToJsonString() ?? "null", "application/json")
                : throw map.Wrong("body", "and 'json' are one too many");
        }

        Template? payload = body is null ? null : Parse(map, map.Find("json") is null ? "body" : "json", body);
        Template url = Parse(map, "url", map.GetText("url"));
        var responses = new ScenarioResponses(_file, map);
        var request = new RequestTemplate
        {
            Method = HttpMethod.Parse(method.ToUpperInvariant()),
            Url = url,
            BaseUrl = _target,
            FixedUrl = url.IsFixed ? FixedUrl(map, url.Text) : null,
            Headers =
            [
                .. _common.Headers,
                .. (headers?.Keys ?? []).Select(
                    name => KeyValuePair.Create(HeaderName(headers!, name), Parse(headers!, name, headers!.GetText(name)))),
            ],
            Payload = payload is { IsFixed: true } ? Encoding.UTF8.GetBytes(body!) : null,
            PayloadTemplate = payload is { IsFixed: false } ? payload : null,
            ContentType = type,
            Checks = [.. _common.Checks, .. responses.Checks],
            Captures = responses.Captures,
        };

        // What a response gives is known from the next request on.
        _known.UnionWith(request.Captures.Select(static capture => capture.Name));
        return request;
    }

    private Uri FixedUrl(YamlMap map, string text) => RequestTemplate.Join(_target, text) is { } url
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? url
            : throw map.Wrong("url", $"must be a path such as /home or an http or https URL, not '{text}'");

    private static string HeaderName(YamlMap headers, string name)
    {
        using var probe = new HttpRequestMessage();
        using var content = new ByteArrayContent([]);
        return probe.Headers.TryAddWithoutValidation(name, "") || content.Headers.TryAddWithoutValidation(name, "")
            ? name
            : throw headers.Wrong(name, "is not the name of a header");
    }

    private Template Parse(YamlMap map, string key, string text)
    {
        if (!Template.TryParse(text, out Template? template, out string? problem))
        {
            throw map.Wrong(key, $"has a placeholder that is none: {problem}");
        }

        return template.Names.FirstOrDefault(name => !_known.Contains(name)) is { } unknown
            ? throw map.Wrong(key, unknown.StartsWith("csv.", StringComparison.Ordinal)
                ? $"has {{{{{unknown}}}}}, and --data has no such column"
                : $"has {{{{{unknown}}}}}, which no request before it captures")
            : template.AsRaw();
    }

    /// <summary>Plain words that are numbers, true, false or null are those in JSON, as YAML has it.</summary>
    private JsonNode? Json(YamlNode node, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            throw YamlMap.Wrong(_file, node, $"'json' may be {MaxDepth} levels deep at most");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var members = new JsonObject();
                foreach ((YamlNode key, YamlNode value) in mapping.Children)
                {
                    members[(key as YamlScalarNode)?.Value ?? throw YamlMap.Wrong(_file, key, "a key of 'json' must be a word")] =
                        Json(value, depth + 1);
                }

                return members;
            case YamlSequenceNode sequence:
                return new JsonArray([.. sequence.Children.Select(child => Json(child, depth + 1))]);
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "~" or "" }:
                return null;
            case YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } word:
                return JsonValue.Create(word.Value == "true");
            case YamlScalarNode { Style: ScalarStyle.Plain } number
                when decimal.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value):
                return JsonValue.Create(value);
            default:
                return JsonValue.Create(((YamlScalarNode)node).Value);
        }
    }
}
