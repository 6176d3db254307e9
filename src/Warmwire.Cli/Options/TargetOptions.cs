using System.CommandLine;
using System.Globalization;
using System.Text;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Scenarios;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>Where requests go: a URL, or a list of them, with values from a CSV file.</summary>
internal sealed class TargetOptions
{
    private const string Placeholder = "{{csv.";

    private readonly Argument<string> _url = new("URL")
    {
        Description = "The http or https URL to send requests to; @FILE or - for a list, one on each line, with weights.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "A CSV file; {{csv.NAME}} in the URL, headers and payload is a value of its column NAME, a row for each arrival.",
        HelpName = "FILE",
    };

    private CsvData? _read;

    private readonly Option<string?> _scenario = new("--scenario")
    {
        Description = "Do what this YAML file says, a part of what artillery's may have; a URL is in place of its target, and --rate, "
            + "--count, --stage or --users in place of its phases.",
        HelpName = "FILE",
    };

    /// <summary>That the load is in a file, so that neither a URL nor a rate is needed.</summary>
    public Option Scenario => _scenario;

    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_data);
        command.Add(_scenario);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_scenario) is null && result.GetResult(_url) is not { Tokens.Count: > 0 })
            {
                result.AddError("quick needs a URL; see warmwire quick --help");
            }
        });
        _url.Validators.Add(static result =>
        {
            if (result.Tokens is not [{ Value: var text }])
            {
                return;
            }

            if (!IsList(text) && !UrlTarget.TryParse(text, "the URL", 1, out _, out string? problem))
            {
                result.AddError(problem);
            }
        });
    }

    /// <returns>None if a scenario has them.</returns>
    public async Task<IReadOnlyList<UrlTarget>> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_url) is not { } text)
        {
            return [];
        }

        if (parsed.GetValue(_scenario) is not null && IsList(text))
        {
            throw new CommandFailure("--scenario has its own requests, so it cannot be used with a list of URLs", ExitCodes.Usage);
        }

        if (IsList(text))
        {
            return await UrlList.ReadAsync(text == "-" ? text : text[1..], cancellationToken);
        }

        return UrlTarget.TryParse(text, "the URL", 1, out UrlTarget? target, out string? problem)
            ? [target]
            : throw new CommandFailure(problem, ExitCodes.Usage);
    }

    /// <returns>What the scenario says; <see langword="null"/> without one.</returns>
    public Scenario? ReadScenario(ParseResult parsed, IReadOnlyList<UrlTarget> targets, RequestTemplate common) =>
        parsed.GetValue(_scenario) is { } path
            ? ScenarioFile.Read(path, targets.Count > 0 ? targets[0].Url : null, common, ReadData(parsed))
            : null;

    /// <summary>Takes what the scenario says; the load of the command line is in place of its phases.</summary>
    public QuickSettings Apply(ParseResult parsed, QuickSettings settings, Scenario scenario)
    {
        QuickSettings applied = settings with
        {
            Url = scenario.Target,
            Data = ReadData(parsed),
            Flow = scenario.Flow,
            RequestsPerArrival = (int)Math.Clamp(scenario.Requests, 1, QuickSettings.MaxRequestsPerArrival),
            TargetName = $"scenario {Path.GetFileName(parsed.GetValue(_scenario))} at {scenario.Target}",
        };
        if (settings.Arrivals > 0)
        {
            return applied;
        }

        ArrivalPlan plan = scenario.Plan ?? throw new CommandFailure(
            "the scenario has no phases; give --rate, --count, --stage or --users", ExitCodes.Usage);
        return applied with
        {
            Plan = plan,
            FirstRate = scenario.FirstRate,
            Arrivals = Math.Max(1, plan.Arrivals),
            Rate = Math.Max(1, plan.Arrivals) / plan.Seconds,
        };
    }

    private CsvData? ReadData(ParseResult parsed) => parsed.GetValue(_data) is { } path ? _read ??= CsvData.Read(path) : null;

    /// <summary>Makes requests of the URLs and the settings' method, headers and body.</summary>
    public QuickSettings Apply(ParseResult parsed, QuickSettings settings, IReadOnlyList<UrlTarget> targets)
    {
        CsvData? data = ReadData(parsed);
        RequestTemplate[] requests = [.. targets.Select(target => Request(settings, target, data))];
        if (data is null && targets.Count == 1)
        {
            return settings;
        }

        var list = new WeightedList<RequestTemplate>([.. requests.Zip(targets, static (request, target) => (request, target.Weight))]);
        return settings with
        {
            Data = data,
            Flow = [new FlowStep.Loop(settings.RequestsPerArrival, [new FlowStep.Send(list.Pick)])],
            TargetName = targets.Count == 1
                ? targets[0].Written
                : string.Create(CultureInfo.InvariantCulture, $"{targets[0].Written} and {targets.Count - 1:N0} more URLs"),
            Ports = [.. targets.Select(static target => target.Url.Port).Distinct()],
        };
    }

    private static bool IsList(string text) => text == "-" || text.StartsWith('@');

    private static RequestTemplate Request(QuickSettings settings, UrlTarget target, CsvData? data)
    {
        string? body = settings.Payload is { } payload ? Encoding.UTF8.GetString(payload) : null;
        Template url = Parse(target.Written, "the URL", data);
        Template? written = body is null ? null : Parse(body, "--payload", data);
        return settings.SingleRequest() with
        {
            Url = url,
            FixedUrl = url.IsFixed ? target.Url : null,
            Headers =
            [
                .. settings.Headers.Select(
                    header => KeyValuePair.Create(header.Key, Parse(header.Value, $"--header {header.Key}", data))),
            ],
            Payload = written is { IsFixed: true } ? settings.Payload : null,
            PayloadTemplate = written is { IsFixed: false } ? written : null,
        };
    }

    /// <summary>Without data, braces mean nothing.</summary>
    private static Template Parse(string text, string where, CsvData? data)
    {
        if (data is null)
        {
            return text.Contains(Placeholder, StringComparison.Ordinal)
                ? throw new CommandFailure($"{where} has a placeholder {Placeholder}…}}}}, which needs --data", ExitCodes.Usage)
                : Template.Fixed(text);
        }

        if (!Template.TryParse(text, out Template? template, out string? problem))
        {
            throw new CommandFailure($"{where}: {problem}", ExitCodes.Usage);
        }

        return template.Names.FirstOrDefault(name => !data.Names.Contains(name, StringComparer.Ordinal)) is { } unknown
            ? throw new CommandFailure(
                $"{where}: --data has no column for {{{{{unknown}}}}}; it has {string.Join(", ", data.Names.Take(20))}", ExitCodes.Usage)
            : template;
    }
}
