using System.Net;
using Warmwire.Dialing;
using Xunit;

namespace Warmwire.Tests.Dialing;

/// <summary>The dial of a host that has one address, against the race of several: what it tells is the same.</summary>
public sealed class LoneAttemptTests
{
    private static readonly IPEndPoint s_endPoint = new(IPAddress.Parse("192.0.2.1"), 80);

    private readonly ManualClock _clock = new();
    private readonly RaceRules _rules = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_it_makes_is_the_winner(bool alone)
    {
        var connects = new ScriptedConnects();
        Task<AddressRaceResult<Stream>> race = Run(alone, connects);
        WitnessStream stream = (await connects.NextAsync()).Succeed();
        AddressRaceResult<Stream> result = await race.WaitAsync(Patience.Limit);
        Assert.Same(stream, result.Winner);
        Assert.Equal(s_endPoint, result.EndPoint);
        Assert.Empty(result.Failures);
        RaceAttempt attempt = Assert.Single(_rules.Attempts);
        Assert.Equal((null, null), (attempt.Error, attempt.Unanswered));
        Assert.False(stream.IsDisposed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Its_failure_is_told(bool alone)
    {
        var connects = new ScriptedConnects();
        Task<AddressRaceResult<Stream>> race = Run(alone, connects);
        (await connects.NextAsync()).Outcome.SetException(new IOException("refused"));
        AddressRaceResult<Stream> result = await race.WaitAsync(Patience.Limit);
        Assert.Null(result.Winner);
        Assert.Equal(("refused", s_endPoint), (Assert.Single(result.Failures).Error.Message, result.Failures[0].EndPoint));
        Assert.Equal("refused", Assert.Single(_rules.Attempts).Error!.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_throws_at_once_is_a_failure(bool alone)
    {
        AddressRaceResult<Stream> result = await Run(alone, static (_, _) => throw new IOException("at once"), CancellationToken.None);
        Assert.Equal("at once", Assert.Single(result.Failures).Error.Message);
    }

    /// <summary>It throws at the moment at which the time is over: then that is the end.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_that_throws_when_the_time_is_over_is_cancelled(bool alone)
    {
        using var cancel = new CancellationTokenSource();
        Task<AddressRaceResult<Stream>> race = Run(
            alone,
            (_, _) =>
            {
                cancel.Cancel();
                throw new IOException("at once");
            },
            cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race.WaitAsync(Patience.Limit));
    }

    /// <summary>The time is over while it runs and does not look at its token: what it makes after all is nobody's.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancellation_ends_it_and_what_comes_late_is_disposed(bool alone)
    {
        using var cancel = new CancellationTokenSource();
        var connects = new ScriptedConnects { IgnoreTokens = true };
        Task<AddressRaceResult<Stream>> race = Run(alone, connects.ConnectAsync, cancel.Token);
        ScriptedConnects.Attempt attempt = await connects.NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(3));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race.WaitAsync(Patience.Limit));
        Assert.Equal((null, TimeSpan.FromSeconds(3)), (_rules.Attempts[0].Error, _rules.Attempts[0].Unanswered));
        await attempt.Succeed().Disposed.WaitAsync(Patience.Limit);
    }

    private Task<AddressRaceResult<Stream>> Run(bool alone, ScriptedConnects connects) =>
        Run(alone, connects.ConnectAsync, CancellationToken.None);

    private Task<AddressRaceResult<Stream>> Run(
        bool alone, Func<IPEndPoint, CancellationToken, Task<Stream>> connect, CancellationToken cancellationToken) =>
        alone
            ? LoneAttempt.RunAsync(s_endPoint, connect, _clock, _rules, cancellationToken)
            : AddressRace.RunAsync([s_endPoint], connect, _clock, _rules, cancellationToken);
}
