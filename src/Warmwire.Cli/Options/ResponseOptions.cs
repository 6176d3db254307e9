using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Warmwire.Cli.Quick.Ensuring;
using Warmwire.Cli.Quick.Requests;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options that say what is done with responses: redirects, cookies, checks, and when they end the run.</summary>
internal sealed class ResponseOptions
{
    private const string RedirectsName = "--follow-redirects";
    private const int DefaultRedirects = 10;
    private const int MaxRedirects = 50;

    private readonly Option<int> _redirects = new(RedirectsName)
    {
        Description = string.Create(
            CultureInfo.InvariantCulture, $"Follow up to N redirects of a request, {DefaultRedirects} if N is not given."),
        HelpName = "N",
        CustomParser = static argument => (int)(OptionValues.Whole(argument, MaxRedirects) ?? 0),
    };

    private readonly Option<bool> _cookies = new("--cookies")
    {
        Description = "Keep cookies and send them: each arrival, or each of --users, has its own.",
    };

    private readonly Option<Check[]> _checks = new("--check")
    {
        Description = "What is asked of each response: status==200, 'header Name', 'header Name==value', 'header Name~part', body==text, "
            + "body~part, or with != and !~; failures are counted. May be given several times.",
        HelpName = "CHECK",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = ParseChecks,
    };

    private readonly Option<EnsureCondition[]> _abortOn = new("--abort-on")
    {
        Description = "A condition as of --ensure, judged each second, that ends the run when it holds, with exit code 1: 'errors>5%'.",
        HelpName = "CONDITION",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = ParseConditions,
    };

    public void AddTo(Command command)
    {
        command.Add(_redirects);
        command.Add(_cookies);
        command.Add(_checks);
        command.Add(_abortOn);
    }

    public QuickSettings Apply(ParseResult parsed, QuickSettings settings) => settings with
    {
        MaxRedirects = parsed.GetResult(_redirects) is null ? 0 : parsed.GetValue(_redirects),
        KeepsCookies = parsed.GetValue(_cookies),
        Checks = parsed.GetValue(_checks) ?? [],
        AbortOn = parsed.GetValue(_abortOn) ?? [],
    };

    /// <summary>
    /// Gives <c>--follow-redirects</c> its usual number where none follows: the parser would take the URL behind it.
    /// </summary>
    public static IReadOnlyList<string> WithNumbers(IReadOnlyList<string> arguments) =>
    [
        .. arguments.Select((argument, i) =>
            argument == RedirectsName && (i + 1 == arguments.Count || !char.IsAsciiDigit(arguments[i + 1].FirstOrDefault()))
                ? string.Create(CultureInfo.InvariantCulture, $"{RedirectsName}={DefaultRedirects}")
                : argument),
    ];

    private static Check[] ParseChecks(ArgumentResult argument)
    {
        var checks = new List<Check>();
        foreach (Token token in argument.Tokens)
        {
            if (Check.TryParse(token.Value, out Check? check, out string? problem))
            {
                checks.Add(check);
            }
            else
            {
                argument.AddError($"--check '{token.Value}': {problem}");
                return [];
            }
        }

        if (checks.Count > Check.MaxCount)
        {
            argument.AddError($"--check may be given {Check.MaxCount} times at most");
        }

        return [.. checks];
    }

    private static EnsureCondition[] ParseConditions(ArgumentResult argument)
    {
        var conditions = new List<EnsureCondition>();
        foreach (Token token in argument.Tokens)
        {
            if (!EnsureCondition.TryParse(token.Value, out EnsureCondition? condition, out string? error, "--abort-on"))
            {
                argument.AddError(error);
            }
            else if (condition.Text.StartsWith("timewait", StringComparison.OrdinalIgnoreCase))
            {
                argument.AddError($"--abort-on '{condition.Text}': timewait is known only after the run; use it with --ensure");
            }
            else
            {
                conditions.Add(condition);
            }
        }

        return [.. conditions];
    }
}
