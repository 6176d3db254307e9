using System.CommandLine;
using Warmwire.Cli.Quick.Exports;

namespace Warmwire.Cli.Options;

/// <summary>The options that say where a run is told of while it goes on.</summary>
internal sealed class LiveOptions
{
    private readonly Option<string?> _jsonLines = new("--json-lines")
    {
        Description = "Write a line of JSON for each second of the run and one at its end; - is standard output.",
        HelpName = "FILE",
    };

    private readonly Option<Uri?> _otlp = new("--otlp")
    {
        Description = "Send metrics to an OpenTelemetry collector while the run goes on.",
        HelpName = "URL",
        CustomParser = static argument => OptionValues.HttpUrl(argument, "--otlp"),
    };

    public void AddTo(Command command)
    {
        command.Add(_jsonLines);
        command.Add(_otlp);
    }

    public LiveOutputs Read(ParseResult parsed) => new(parsed.GetValue(_jsonLines), parsed.GetValue(_otlp));
}
