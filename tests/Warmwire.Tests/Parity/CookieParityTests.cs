using System.Net;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What the cookie container takes up, and what goes out again.</summary>
public sealed class CookieParityTests
{
    [Theory]
    [InlineData("a=1")]
    [InlineData("a=1; Path=/")]
    [InlineData("a=1; Path=/sub")]
    [InlineData("a=1; Domain=127.0.0.1")]
    [InlineData("a=1; Domain=example.com")]
    [InlineData("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")]
    [InlineData("a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT")]
    [InlineData("a=1; Max-Age=0")]
    [InlineData("a=1; Max-Age=1000")]
    [InlineData("a=1; Secure")]
    [InlineData("a=1; HttpOnly; SameSite=Lax")]
    [InlineData("a=\"quoted value\"")]
    [InlineData("a=")]
    [InlineData("=nothing")]
    [InlineData("a=1, b=2")]
    [InlineData("$bad=1")]
    [InlineData("a=\u00e4")]
    public Task A_cookie_is_kept_and_sent_as_in_NET(string cookie) =>
        ParityRun.AssertSameAsync(
            request => Reply.Ok(
                "", request.Contains("/set", StringComparison.Ordinal) ? ["Set-Cookie: " + cookie, "Set-Cookie: z=9; Path=/"] : []),
            async run =>
            {
                await run.SendAsync("GET", "/sub/set");
                await run.SendAsync("GET", "/sub/more");
                await run.SendAsync("GET", "/");
                foreach (Cookie kept in run.Cookies.GetAllCookies().OrderBy(kept => kept.Name, StringComparer.Ordinal))
                {
                    run.Log("kept", $"{kept.Name}={kept.Value} {kept.Path} {kept.Domain} {kept.Secure} {kept.HttpOnly} {kept.Expired}");
                }
            });

    [Fact]
    public Task A_cookie_set_by_a_redirect_is_sent_to_where_it_leads() =>
        ParityRun.AssertSameAsync(
            request => request.Contains("/first", StringComparison.Ordinal)
                ? Reply.With("302 Found", "", "Location: /second", "Set-Cookie: hop=1; Path=/")
                : Reply.Ok(),
            run => run.SendAsync("GET", "/first"));

    [Fact]
    public Task Cookies_of_the_container_join_those_of_the_request() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), async run =>
        {
            run.Cookies.Add(run.Uri, new Cookie("jar", "1"));
            await run.SendAsync(RequestParityTests.With(run.Request("GET"), headers => headers.Add("Cookie", "own=2")));
            await run.SendAsync("GET");
        });

    [Fact]
    public Task A_secure_cookie_goes_to_https() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok("", "Set-Cookie: a=1; Secure; Path=/"), async run =>
        {
            await run.SendAsync("GET");
            await run.SendAsync("GET");
        }, isTls: true);

    [Fact]
    public Task Without_cookies_the_container_stays_empty_and_the_caller_sees_them() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok("", "Set-Cookie: a=1"), async run =>
        {
            await run.SendAsync("GET");
            await run.SendAsync("GET");
            run.Log("kept", run.Cookies.Count);
        }, new { UseCookies = false });
}
