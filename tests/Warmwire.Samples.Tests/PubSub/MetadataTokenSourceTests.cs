using System.Collections.Concurrent;
using System.Net;
using Warmwire.Samples.PubSub;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.PubSub;

public sealed class MetadataTokenSourceTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly FakeHandler _handler;
    private readonly MetadataTokenSource _tokens;
    private Func<int, CancellationToken, Task<HttpResponseMessage>> _answer = static (number, _) =>
        Task.FromResult(Token($"t{number}", 3600));
    private int _asked;

    public MetadataTokenSourceTests()
    {
        _handler = new FakeHandler((_, cancel) => _answer(Interlocked.Increment(ref _asked), cancel));
        _tokens = new MetadataTokenSource(_handler.Client, "127.0.0.1:99", _time, _log.Enqueue);
    }

    public void Dispose() => _handler.Dispose();

    [Fact]
    public async Task A_token_is_asked_for_as_the_metadata_server_wants_it_and_kept()
    {
        Assert.Equal("t1", await GetAsync());
        _time.Advance(TimeSpan.FromSeconds(3600 - 226));
        Assert.Equal("t1", await GetAsync());
        FakeHandler.Call call = Assert.Single(_handler.Calls);
        Assert.Equal("http://127.0.0.1:99/computeMetadata/v1/instance/service-accounts/default/token", call.Uri.AbsoluteUri);
        Assert.Contains("Metadata-Flavor: Google", call.Headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_refreshed_before_it_expires_while_the_old_one_still_serves()
    {
        await GetAsync();
        var second = new TaskCompletionSource<HttpResponseMessage>();
        _answer = (_, _) => second.Task;
        _time.Advance(TimeSpan.FromSeconds(3600 - 225));
        Assert.Equal("t1", await GetAsync());
        Assert.Equal("t1", await GetAsync());
        Assert.Equal(2, _asked);
        second.SetResult(Token("new", 3600));
        await Eventually.IsTrue(() => GetAsync() is { IsCompletedSuccessfully: true, Result: "new" }, "the new token");
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Callers_at_once_share_one_refresh()
    {
        var first = new TaskCompletionSource<HttpResponseMessage>();
        _answer = (_, _) => first.Task;
        Task<string>[] callers = [.. Enumerable.Range(0, 20).Select(_ => GetAsync())];
        first.SetResult(Token("one", 3600));
        Assert.All(await Task.WhenAll(callers), static token => Assert.Equal("one", token));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_caller_that_gives_up_does_not_take_the_refresh_from_the_others()
    {
        var first = new TaskCompletionSource<HttpResponseMessage>();
        _answer = (_, cancel) => first.Task.WaitAsync(cancel);
        using var impatient = new CancellationTokenSource();
        Task<string> starter = _tokens.GetAsync(impatient.Token).AsTask();
        Task<string> other = GetAsync();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starter);
        first.SetResult(Token("one", 3600));
        Assert.Equal("one", await Guard.Within(other, () => "the token"));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_valid_token_serves_while_refreshes_fail_and_they_are_not_tried_all_the_time()
    {
        await GetAsync();
        _answer = static (_, _) => Task.FromResult(FakeHandler.Json("", HttpStatusCode.ServiceUnavailable));
        _time.Advance(TimeSpan.FromSeconds(3600 - 200));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("t1", await GetAsync());
        }

        Assert.Equal(2, _asked);
        Assert.EndsWith("it answered 503", Assert.Single(_log), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("t1", await GetAsync());
        Assert.Equal(3, _asked);

        _time.Advance(TimeSpan.FromSeconds(180));
        AccessTokenException e = await Assert.ThrowsAsync<AccessTokenException>(GetAsync);
        Assert.Equal(
            "No access token from http://127.0.0.1:99/computeMetadata/v1/instance/service-accounts/default/token: it answered 503",
            e.Message);
    }

    [Fact]
    public async Task After_a_failure_the_next_caller_asks_again()
    {
        _answer = static (number, _) => number == 1 ? throw new HttpRequestException("it broke") : Task.FromResult(Token("t2", 3600));
        AccessTokenException e = await Assert.ThrowsAsync<AccessTokenException>(GetAsync);
        Assert.EndsWith(": it broke", e.Message, StringComparison.Ordinal);
        Assert.Equal("t2", await GetAsync());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("no json")]
    [InlineData("""{"access_token":"x","expires_in":0}""")]
    [InlineData("""{"access_token":"","expires_in":10}""")]
    public async Task An_answer_without_a_token_is_a_failure(string body)
    {
        _answer = (_, _) => Task.FromResult(FakeHandler.Json(body));
        await Assert.ThrowsAsync<AccessTokenException>(GetAsync);
    }

    [Fact]
    public async Task A_refresh_has_a_deadline()
    {
        _answer = static (_, cancel) => FakeHandler.NeverAsync(cancel);
        Task<string> token = GetAsync();
        _time.Advance(TimeSpan.FromSeconds(5));
        AccessTokenException e = await Assert.ThrowsAsync<AccessTokenException>(() => Guard.Within(token, () => "the deadline"));
        Assert.EndsWith("no answer within 5 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dropped_token_is_not_handed_out_again_and_dropping_an_older_one_does_nothing()
    {
        Assert.Equal("t1", await GetAsync());
        _tokens.Drop("t1");
        Assert.Equal("t2", await GetAsync());
        _tokens.Drop("t1");
        Assert.Equal("t2", await GetAsync());
    }

    [Fact]
    public async Task A_machine_that_was_frozen_does_not_use_what_expired_meanwhile()
    {
        await GetAsync();
        _time.AdvanceWallClock(TimeSpan.FromHours(2));
        Assert.Equal("t2", await GetAsync());
    }

    private static HttpResponseMessage Token(string value, int seconds) =>
        FakeHandler.Json($$"""{"access_token":"{{value}}","expires_in":{{seconds}},"token_type":"Bearer"}""");

    private Task<string> GetAsync() => _tokens.GetAsync(CancellationToken.None).AsTask();
}
