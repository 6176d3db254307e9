using System.Net;
using Warmwire.Connections;
using Warmwire.Dialing;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class AddressRaceTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    private readonly ManualClock _clock = new();

    [Fact]
    public async Task The_next_attempt_starts_when_the_last_has_run_for_the_attempt_delay()
    {
        var connects = new ScriptedConnects();
        Task<AddressRaceResult<Stream>> race = Run(connects, "2001:db8::1", "192.0.2.1", "192.0.2.2");

        ScriptedConnects.Attempt first = await connects.NextAsync();
        _clock.Advance(AddressRace.AttemptDelay - s_tick);
        Assert.Equal(1, connects.Started);
        _clock.Advance(s_tick);
        ScriptedConnects.Attempt second = await connects.NextAsync();
        _clock.Advance(AddressRace.AttemptDelay - s_tick);
        Assert.Equal(2, connects.Started);
        _clock.Advance(s_tick);
        await connects.NextAsync();

        Assert.Equal("2001:db8::1", first.EndPoint.Address.ToString());
        Assert.Equal("192.0.2.1", second.EndPoint.Address.ToString());
        second.Succeed();
        await race.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task The_next_attempt_starts_at_once_when_one_fails()
    {
        var connects = new ScriptedConnects();
        Task<AddressRaceResult<Stream>> race = Run(connects, "192.0.2.1", "192.0.2.2");

        (await connects.NextAsync()).Outcome.SetException(new IOException("first"));
        WitnessStream stream = (await connects.NextAsync()).Succeed();

        AddressRaceResult<Stream> result = await race.WaitAsync(Patience.Limit);
        Assert.Same(stream, result.Winner);
        Assert.Equal("192.0.2.2", result.EndPoint!.Address.ToString());
        Assert.Equal("first", Assert.Single(result.Failures).Error.Message);
    }

    [Fact]
    public async Task The_first_success_wins_even_if_it_started_first_and_the_others_are_cancelled()
    {
        var connects = new ScriptedConnects();
        Task<AddressRaceResult<Stream>> race = Run(connects, "192.0.2.1", "192.0.2.2");
        ScriptedConnects.Attempt first = await connects.NextAsync();
        _clock.Advance(AddressRace.AttemptDelay);
        ScriptedConnects.Attempt second = await connects.NextAsync();

        WitnessStream stream = first.Succeed();

        Assert.Same(stream, (await race.WaitAsync(Patience.Limit)).Winner);
        Assert.True(second.Token.IsCancellationRequested);
        Assert.False(stream.IsDisposed);
    }

    [Fact]
    public async Task A_loser_that_connects_after_all_is_disposed()
    {
        var connects = new ScriptedConnects { IgnoreTokens = true };
        Task<AddressRaceResult<Stream>> race = Run(connects, "192.0.2.1", "192.0.2.2");
        ScriptedConnects.Attempt first = await connects.NextAsync();
        _clock.Advance(AddressRace.AttemptDelay);
        (await connects.NextAsync()).Succeed();
        await race.WaitAsync(Patience.Limit);

        await first.Succeed().Disposed;
    }

    [Fact]
    public async Task When_every_address_fails_every_failure_is_told()
    {
        AddressRaceResult<Stream> result = await AddressRace.RunAsync<Stream>(
            EndPoints("2001:db8::1", "192.0.2.1", "192.0.2.2"),
            (endPoint, _) => throw new IOException(endPoint.Address.ToString()),
            _clock,
            CancellationToken.None);

        Assert.Null(result.Winner);
        Assert.Equal(
            "2001:db8::1, 192.0.2.1, 192.0.2.2", string.Join(", ", result.Failures.Select(static failure => failure.Error.Message)));
    }

    [Fact]
    public async Task Cancellation_ends_the_race_even_if_attempts_do_not_look_at_their_token()
    {
        using var cancellation = new CancellationTokenSource();
        var connects = new ScriptedConnects { IgnoreTokens = true };
        Task<AddressRaceResult<Stream>> race =
            AddressRace.RunAsync(EndPoints("192.0.2.1"), connects.ConnectAsync, _clock, cancellation.Token);
        ScriptedConnects.Attempt attempt = await connects.NextAsync();

        cancellation.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => race.WaitAsync(Patience.Limit));
        await attempt.Succeed().Disposed;
    }

    /// <summary>The end of the only attempt comes between the look at what runs and the count of the next one.</summary>
    [Fact]
    public async Task The_permit_of_an_attempt_comes_back_though_the_only_other_one_ends_while_it_is_taken()
    {
        var connects = new ScriptedConnects();
        var permits = new CountedPermits();
        Task<AddressRaceResult<Stream>> race = AddressRace.RunAsync(
            EndPoints("192.0.2.1", "192.0.2.2"),
            connects.ConnectAsync,
            _clock,
            new RaceRules { Permits = permits },
            CancellationToken.None);
        ScriptedConnects.Attempt first = await connects.NextAsync();
        permits.OnTake = () =>
        {
            first.Outcome.SetException(new IOException("first"));

            // Real time: for the end to come in between, which nothing but the race itself can tell.
            Thread.Sleep(200);
        };
        _clock.Advance(AddressRace.AttemptDelay);
        (await connects.NextAsync()).Outcome.SetException(new IOException("second"));
        Assert.Null((await race.WaitAsync(Patience.Limit)).Winner);
        Assert.Equal((1, 0), (permits.Taken, permits.Held));
    }

    private Task<AddressRaceResult<Stream>> Run(ScriptedConnects connects, params string[] addresses) =>
        AddressRace.RunAsync(EndPoints(addresses), connects.ConnectAsync, _clock, CancellationToken.None);

    private static IPEndPoint[] EndPoints(params string[] addresses) =>
        Array.ConvertAll(addresses, static address => new IPEndPoint(IPAddress.Parse(address), 80));

    private sealed class CountedPermits : IAttemptPermits
    {
        private int _held;

        public Action? OnTake { get; set; }

        public int Taken { get; private set; }

        public int Held => Volatile.Read(ref _held);

        public bool TryTakePermit()
        {
            Taken++;
            Interlocked.Increment(ref _held);
            OnTake?.Invoke();
            return true;
        }

        public void ReleasePermit() => Interlocked.Decrement(ref _held);
    }
}
