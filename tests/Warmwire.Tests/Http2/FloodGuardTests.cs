using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>What a peer may send of frames that bring nothing: so much at once, and so much more with time or for what we did.</summary>
public class FloodGuardTests
{
    private const int Burst = Http2Limits.PingBurst;

    private readonly FakeTime _time = new();
    private readonly FloodGuard _guard;

    public FloodGuardTests() => _guard = new FloodGuard(_time);

    public static TheoryData<string, int> Bursts => new()
    {
        { nameof(FloodKind.Ping), Http2Limits.PingBurst },
        { nameof(FloodKind.Settings), Http2Limits.SettingsBurst },
        { nameof(FloodKind.EmptyData), Http2Limits.EmptyDataBurst },
        { nameof(FloodKind.GoneStream), Http2Limits.GoneStreamBurst },
        { nameof(FloodKind.Reset), Http2Limits.ResetBurst },
        { nameof(FloodKind.WindowUpdate), Http2Limits.WindowUpdateBurst },
        { nameof(FloodKind.Ignored), Http2Limits.IgnoredFrameBurst },
    };

    [Theory]
    [MemberData(nameof(Bursts))]
    public void Each_kind_has_a_burst_of_its_own(string kind, int burst)
    {
        Assert.Equal(burst, CountToEnd(Enum.Parse<FloodKind>(kind), burst + 1));

        // The others are untouched by it.
        Assert.All(Enum.GetValues<FloodKind>().Where(other => other.ToString() != kind), _guard.Count);
    }

    [Fact]
    public void The_end_is_an_error_that_names_the_frames()
    {
        CountToEnd(FloodKind.Ping, Burst);
        Http2ConnectionException error = Assert.Throws<Http2ConnectionException>(() => _guard.Count(FloodKind.Ping));
        Assert.Equal(Http2ErrorCode.EnhanceYourCalm, error.Code);
        Assert.Contains("PING frames", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Time_refills_what_was_used()
    {
        CountToEnd(FloodKind.Ping, Burst);
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(3 * Http2Limits.PingsPerSecond, CountToEnd(FloodKind.Ping, Burst));
    }

    [Fact]
    public void A_long_rest_refills_no_more_than_a_burst()
    {
        CountToEnd(FloodKind.Ping, Burst);
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Equal(Burst, CountToEnd(FloodKind.Ping, 2 * Burst));
    }

    [Fact]
    public void What_we_did_is_an_allowance_too()
    {
        CountToEnd(FloodKind.GoneStream, Http2Limits.GoneStreamBurst);
        _guard.Earn(FloodKind.GoneStream, 7);
        Assert.Equal(7, CountToEnd(FloodKind.GoneStream, 100));
    }

    [Fact]
    public void What_was_earned_before_it_was_needed_is_kept_up_to_a_burst()
    {
        for (int i = 0; i < 10_000; i++)
        {
            _guard.Earn(FloodKind.GoneStream, 10);
        }

        int allowed = CountToEnd(FloodKind.GoneStream, int.MaxValue);
        Assert.Equal(2 * Http2Limits.GoneStreamBurst, allowed);
    }

    [Fact]
    public void Earning_for_ever_does_not_overflow()
    {
        for (int i = 0; i < 10; i++)
        {
            _guard.Earn(FloodKind.Reset, int.MaxValue / 2);
        }

        Assert.Equal(2 * Http2Limits.ResetBurst, CountToEnd(FloodKind.Reset, int.MaxValue));
    }

    [Fact]
    public void A_peer_that_keeps_to_the_rate_is_never_too_many()
    {
        Gen<int[]> pauses = Gen.Choose(20, 200).ArrayOf().Resize(300);
        Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(pauses), milliseconds =>
        {
            var guard = new FloodGuard(_time);
            for (int i = 0; i < Burst; i++)
            {
                guard.Count(FloodKind.Ping);
            }

            // Fifty a second is one in 20 ms; a pause of more allows as many more.
            foreach (int pause in milliseconds)
            {
                _time.Advance(TimeSpan.FromMilliseconds(pause));
                for (int i = 0; i < pause / 20; i++)
                {
                    guard.Count(FloodKind.Ping);
                }
            }
        }));
    }

    /// <summary>Counts until it is too many, or as often as that.</summary>
    private int CountToEnd(FloodKind kind, int most)
    {
        for (int i = 0; i < most; i++)
        {
            try
            {
                _guard.Count(kind);
            }
            catch (Http2ConnectionException)
            {
                return i;
            }
        }

        return most;
    }
}
