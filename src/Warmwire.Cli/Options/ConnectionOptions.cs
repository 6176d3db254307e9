using System.CommandLine;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options that say how requests are carried: protocol, TLS, number of connections, timeout.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<bool> _insecure = new("--insecure", "-k") { Description = "Accept any certificate." };

    private readonly Option<double> _timeout = new("--timeout")
    {
        Description = "How long a request may take, including its whole response: seconds, or 500ms.",
        HelpName = "TIME",
        DefaultValueFactory = static _ => QuickSettings.DefaultTimeout.TotalSeconds,
        CustomParser = static argument => OptionValues.Duration(argument) ?? QuickSettings.DefaultTimeout.TotalSeconds,
    };

    private readonly Option<bool> _http2 = new("--http2") { Description = "Use only HTTP/2; with http URLs by prior knowledge." };

    private readonly Option<long?> _maxConnections = new("--max-connections")
    {
        Description = "Maximum number of open connections; requests wait for one when all are in use.",
        HelpName = "N",
        CustomParser = static argument => OptionValues.Whole(argument, int.MaxValue),
    };

    private readonly Option<bool> _newConnections = new("--new-connection-per-request")
    {
        Description = "Never reuse a connection, like a program that creates a client for each request.",
    };

    public void AddTo(Command command)
    {
        command.Add(_insecure);
        command.Add(_timeout);
        command.Add(_http2);
        command.Add(_maxConnections);
        command.Add(_newConnections);
    }

    public QuickSettings Apply(ParseResult parsed, QuickSettings settings) => settings with
    {
        Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
        Insecure = parsed.GetValue(_insecure),
        Http2 = parsed.GetValue(_http2),
        MaxConnections = (int?)parsed.GetValue(_maxConnections),
        NewConnectionPerRequest = parsed.GetValue(_newConnections),
    };
}
