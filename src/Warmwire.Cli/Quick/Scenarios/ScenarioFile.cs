using System.Globalization;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Requests;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>Reads a scenario (<c>--scenario</c>): a part of what artillery's files may have, and an error for the rest.</summary>
internal static class ScenarioFile
{
    public const int MaxScenarios = 100;
    public const long MaxBytes = 1024 * 1024;

    private const double MaxWeight = 1_000_000;

    /// <param name="path">The file.</param>
    /// <param name="url">In place of <c>config.target</c>.</param>
    /// <param name="common">What every request has besides its own: headers and checks.</param>
    /// <param name="data">The rows for <c>{{csv.…}}</c>.</param>
    /// <exception cref="CommandFailure">It cannot be read, or has what is not read.</exception>
    public static Scenario Read(string path, Uri? url, RequestTemplate common, CsvData? data)
    {
        YamlMap root = new YamlMap(path, "the file", Parse(path)).Only("config", "scenarios");
        YamlMap config = (root.FindMap("config") ?? throw root.Wrong("has no 'config'")).Only("target", "phases");
        Uri target = url ?? Target(config);
        var phases = new ScenarioPhases(path, config);
        IReadOnlyList<YamlNode> nodes = root.GetList("scenarios");
        if (nodes.Count is 0 or > MaxScenarios)
        {
            throw root.Wrong("scenarios", string.Create(CultureInfo.InvariantCulture, $"must have from 1 to {MaxScenarios} scenarios"));
        }

        var flows = new List<(IReadOnlyList<FlowStep> Flow, double Weight)>();
        long requests = 0;
        foreach (YamlNode node in nodes)
        {
            YamlMap map = new YamlMap(path, "a scenario", node).Only("name", "weight", "flow");
            var steps = new ScenarioSteps(path, target, common, data);
            double weight = map.FindNumber("weight", 0.0001, MaxWeight) ?? 1;
            flows.Add((steps.Read(map.GetList("flow")), weight));
            if (steps.Requests == 0)
            {
                throw map.Wrong("flow", "has no request");
            }

            requests = Math.Max(requests, steps.Requests);
        }

        var choice = new WeightedList<IReadOnlyList<FlowStep>>(flows);
        return new Scenario
        {
            Target = target,
            Plan = phases.Plan,
            FirstRate = phases.FirstRate,
            Flow = flows.Count == 1 ? flows[0].Flow : [new FlowStep.Choose(choice.Pick)],
            Requests = requests,
        };
    }

    private static Uri Target(YamlMap config)
    {
        string text = config.GetText("target");
        return UrlTarget.TryParse(text, "'target'", 1, out UrlTarget? target, out string? problem)
            ? target.Url
            : throw config.Wrong("target", problem["'target' ".Length..]);
    }

    private static YamlNode Parse(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new CommandFailure($"--scenario {path}: it is larger than {MaxBytes / 1024} KiB", ExitCodes.Usage);
            }

            using var reader = new StreamReader(path);
            var stream = new YamlStream();
            stream.Load(reader);
            return stream.Documents is [var document]
                ? document.RootNode
                : throw new CommandFailure($"--scenario {path}: it must have one document", ExitCodes.Usage);
        }
        catch (YamlException error)
        {
            string problem = (error.InnerException ?? error).Message.ReplaceLineEndings(" ");
            throw new CommandFailure(
                string.Create(CultureInfo.InvariantCulture, $"--scenario {path}, line {error.Start.Line}: it is not YAML: {problem}"),
                error,
                ExitCodes.Usage);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure($"--scenario: {error.Message}", error, ExitCodes.Usage);
        }
    }
}
