using Warmwire.Cli.Outcomes;
using Xunit;

namespace Warmwire.Cli.Tests.Outcomes;

public sealed class SettingNamesTests
{
    private static readonly Dictionary<string, string> s_options = new(StringComparer.Ordinal)
    {
        ["Timeout"] = "--timeout",
        ["SslOptions"] = "--insecure",
    };

    [Theory]
    [InlineData("It was not over within 1 s; see TransportOptions.Timeout.", "It was not over within 1 s; see --timeout.")]
    [InlineData("The handshake failed: no; see PooledHttpHandler.SslOptions.", "The handshake failed: no; see --insecure.")]
    [InlineData(
        "Waited 1 s, 4 requests ahead; see PooledHttpHandler.PendingRequestTimeout, MaxConnectionsPerServer and MaxConnections.",
        "Waited 1 s, 4 requests ahead.")]
    [InlineData("It was cut short (see PooledHttpHandler.AutomaticDecompression).", "It was cut short.")]
    [InlineData("Connection refused", "Connection refused")]
    public void An_option_is_named_and_what_is_none_is_left_out(string message, string told) =>
        Assert.Equal(told, SettingNames.Replace(message, s_options));
}
