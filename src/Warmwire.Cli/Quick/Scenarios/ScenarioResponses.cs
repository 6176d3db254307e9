using System.Globalization;
using System.Text.RegularExpressions;
using Warmwire.Cli.Quick.Requests;
using YamlDotNet.RepresentationModel;
using Capture = Warmwire.Cli.Quick.Requests.Capture;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>What a request of a scenario asks of its response: <c>capture</c>, <c>match</c> and <c>expect</c>.</summary>
internal sealed class ScenarioResponses
{
    private static readonly TimeSpan s_longestMatch = TimeSpan.FromSeconds(1);

    private readonly string _file;

    public ScenarioResponses(string file, YamlMap request)
    {
        _file = file;
        Captures = [.. request.List("capture").Select(Capture)];
        Checks = [.. request.List("match").Select(Match), .. request.List("expect").SelectMany(Expect)];
    }

    public IReadOnlyList<Capture> Captures { get; }

    public IReadOnlyList<Check> Checks { get; }

    private Capture Capture(YamlNode node)
    {
        YamlMap map = new YamlMap(_file, "capture", node).Only("json", "header", "regexp", "group", "as");
        (string source, bool readsBody, Func<ResponseText, string?> find) = Source(map);
        return new Capture(map.GetText("as"), source, readsBody, find);
    }

    private Check Match(YamlNode node)
    {
        YamlMap map = new YamlMap(_file, "match", node).Only("json", "header", "regexp", "group", "value");
        (string source, bool readsBody, Func<ResponseText, string?> find) = Source(map);
        string value = map.GetText("value");
        if (value.Contains("{{", StringComparison.Ordinal))
        {
            throw map.Wrong("value", "has a placeholder, which is not read here");
        }

        return Check.Of(
            $"match {source}=={value}", readsBody, response => string.Equals(find(response), value, StringComparison.Ordinal));
    }

    private IEnumerable<Check> Expect(YamlNode node)
    {
        YamlMap map = new YamlMap(_file, "expect", node).Only("statusCode");
        string code = map.GetText("statusCode");
        yield return Check.TryParse($"status=={code}", out Check? check, out _)
            ? check
            : throw map.Wrong("statusCode", $"must be a status code such as 200, not '{code}'");
    }

    private static (string Source, bool ReadsBody, Func<ResponseText, string?> Find) Source(YamlMap map)
    {
        (string? json, string? header, string? pattern) = (map.FindText("json"), map.FindText("header"), map.FindText("regexp"));
        if (new[] { json, header, pattern }.Count(static source => source is not null) != 1)
        {
            throw map.Wrong("needs one of 'json', 'header' and 'regexp'");
        }

        if (map.Find("group") is not null && pattern is null)
        {
            throw map.Wrong("group", "is for 'regexp'");
        }

        if (json is not null)
        {
            return JsonPath.TryParse(json, out JsonPath? path)
                ? (json, true, response => path.Find(response.Body))
                : throw map.Wrong("json", $"must be a path such as $.items[0].id, of names, indexes and [*], not '{json}'");
        }

        return header is not null
            ? ($"header {header}", false, response => response.Header(header))
            : ($"/{pattern}/", true, Find(map, pattern!));
    }

    private static Func<ResponseText, string?> Find(YamlMap map, string pattern)
    {
        string group = map.FindText("group") ?? "0";
        try
        {
            var regex = new Regex(pattern, RegexOptions.CultureInvariant, s_longestMatch);
            return int.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && regex.GetGroupNumbers().Contains(number)
                    ? response => Find(regex, number, response.Body)
                    : throw map.Wrong("group", $"must be the number of a group of 'regexp', not '{group}'");
        }
        catch (RegexParseException error)
        {
            throw map.Wrong("regexp", $"is not a regular expression: {error.Message}");
        }
    }

    private static string? Find(Regex regex, int group, string body)
    {
        try
        {
            return regex.Match(body) is { Success: true } match ? match.Groups[group].Value : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }
}
