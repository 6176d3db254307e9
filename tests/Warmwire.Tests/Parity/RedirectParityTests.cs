using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Where a redirect leads, with what method and content, and what the caller sees of it.</summary>
public sealed class RedirectParityTests
{
    public static MatrixTheoryData<int, string> StatusesAndMethods =>
        new([300, 301, 302, 303, 304, 305, 306, 307, 308], ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);

    [Theory]
    [MemberData(nameof(StatusesAndMethods))]
    public Task Each_status_treats_each_method_as_in_NET(int status, string method) =>
        ParityRun.AssertSameAsync(
            Redirect(status, "/second"),
            async run =>
            {
                await run.SendAsync(method, "/first");
                if (method is not ("GET" or "HEAD"))
                {
                    await run.SendAsync(method, "/first", new StringContent("body"));
                }
            });

    [Theory]
    [InlineData("/absolute/path?query")]
    [InlineData("relative")]
    [InlineData("../up")]
    [InlineData("?only=query")]
    [InlineData("#only-fragment")]
    [InlineData("/path#fragment")]
    [InlineData("//127.0.0.1:PORT/network-path")]
    [InlineData("http://127.0.0.1:PORT/whole")]
    [InlineData("HTTP://127.0.0.1:PORT/upper-case")]
    [InlineData("http://localhost:PORT/other-host")]
    [InlineData("/with space")]
    [InlineData("/\u00c3\u00a4")]
    [InlineData("")]
    [InlineData(null)]
    public Task Each_Location_leads_where_it_does_in_NET(string? location) =>
        ParityRun.AssertSameAsync(
            Redirect(302, location),
            async run =>
            {
                await run.SendAsync("GET", "/a/first?q");
                await run.SendAsync("GET", "/a/first?q#mine");
            });

    [Fact]
    public Task Too_many_redirects_return_the_last_response() =>
        ParityRun.AssertSameAsync(
            request => Reply.With("302 Found", "moved", $"Location: {request.Split(' ')[1]}x"),
            async run =>
            {
                await run.SendAsync("GET", "/a");
                run.Log("requests", run.Server.Requests.Count.ToString(CultureInfo.InvariantCulture));
            },
            new { MaxAutomaticRedirections = 3 });

    [Fact]
    public Task Redirects_are_not_followed_when_switched_off() =>
        ParityRun.AssertSameAsync(Redirect(302, "/second"), run => run.SendAsync("GET", "/first"), new { AllowAutoRedirect = false });

    [Theory]
    [InlineData("http://127.0.0.1:1/plain")]
    [InlineData("https://localhost:PORT/second")]
    public Task From_https_to_http_is_not_followed(string location) =>
        ParityRun.AssertSameAsync(Redirect(302, location), run => run.SendAsync("GET", "/first"), isTls: true);

    [Fact]
    public Task A_307_in_mid_upload_with_100_continue_repeats_the_body() =>
        ParityRun.AssertSameAsync(Redirect(307, "/second"), run =>
        {
            HttpRequestMessage request = run.Request("POST", "/first", new StringContent("body"));
            request.Headers.ExpectContinue = true;
            return run.SendAsync(request);
        });

    [Fact]
    public Task Headers_travel_along() =>
        ParityRun.AssertSameAsync(
            Redirect(302, "/second"),
            run => run.SendAsync(RequestParityTests.With(run.Request("GET", "/first"), headers =>
        {
            headers.Add("X-A", "1");
            headers.UserAgent.ParseAdd("agent/1");
        })));

    private static Func<string, Reply> Redirect(int status, string? location) => request =>
    {
        string port = request.Split("\r\n").First(line => line.StartsWith("Host: ", StringComparison.Ordinal)).Split(':')[^1];
        string path = request.Split(' ')[1];
        bool first = path.Contains("/first", StringComparison.Ordinal) && !path.Contains("only", StringComparison.Ordinal);
        bool isHead = request.StartsWith("HEAD", StringComparison.Ordinal);
        return first
            ? Reply.With(
                ((HttpStatusCode)status).ToString("D") + " Moved",
                status == 304 || isHead ? "" : "moved",
                location is null ? [] : ["Location: " + location.Replace("PORT", port, StringComparison.Ordinal)])
            : Reply.Ok(isHead ? "" : "arrived");
    };
}
