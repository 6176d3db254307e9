using Warmwire.Samples.HttpFunction;
using Xunit;

namespace Warmwire.Samples.Tests.Http;

public sealed class HttpFunctionSettingsTests
{
    [Fact]
    public void An_upstream_is_enough_and_reuse_is_the_default()
    {
        Assert.True(TryRead("http://127.0.0.1:9/x?y=1", null, out HttpFunctionSettings? settings, out string? wrong));
        Assert.Null(wrong);
        Assert.Equal(new Uri("http://127.0.0.1:9/x?y=1"), settings!.Upstream);
        Assert.True(settings.Reuse);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.Timeout);
    }

    [Theory]
    [InlineData("off", false)]
    [InlineData("on", true)]
    [InlineData("", true)]
    public void Reuse_can_be_switched_off(string reuse, bool expected)
    {
        Assert.True(TryRead("https://127.0.0.1/", reuse, out HttpFunctionSettings? settings, out _));
        Assert.Equal(expected, settings!.Reuse);
    }

    [Theory]
    [InlineData(null, null, "UPSTREAM_URL is not set; it is the URL to call, such as http://localhost:9000/")]
    [InlineData("", null, "UPSTREAM_URL is not set; it is the URL to call, such as http://localhost:9000/")]
    [InlineData("/path", null, "UPSTREAM_URL must be an absolute http or https URL, not '/path'")]
    [InlineData("localhost:80", null, "UPSTREAM_URL must be an absolute http or https URL, not 'localhost:80'")]
    [InlineData("ftp://h/", null, "UPSTREAM_URL must be an absolute http or https URL, not 'ftp://h/'")]
    [InlineData("http://h/", "no", "REUSE must be 'on' or 'off', not 'no'")]
    public void What_is_wrong_is_said(string? upstream, string? reuse, string expected)
    {
        Assert.False(TryRead(upstream, reuse, out HttpFunctionSettings? settings, out string? wrong));
        Assert.Null(settings);
        Assert.Equal(expected, wrong);
    }

    private static bool TryRead(string? upstream, string? reuse, out HttpFunctionSettings? settings, out string? wrong) =>
        HttpFunctionSettings.TryRead(name => name == "UPSTREAM_URL" ? upstream : name == "REUSE" ? reuse : null, out settings, out wrong);
}
