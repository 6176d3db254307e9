using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http2.Wire;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>The books of one receive window: what the peer was told it may send is what may come, no byte more and none lost.</summary>
public class ReceiveWindowTests
{
    private static readonly Gen<int> s_sizes =
        Gen.OneOf(Gen.Choose(1, 100), Gen.Choose(1, 100_000), Gen.Elements(65_535, 1 << 20, 1 << 30, int.MaxValue));

    public enum Act
    {
        Take,
        Consume,
        Grow,
    }

    public sealed record Step(Act Act, double Share);

    public sealed record Moment(int Size, int Credit, long Since, long Elapsed, long RoundTrip);

    [Fact]
    public void Whatever_happens_to_it_no_credit_is_lost_or_made()
    {
        Gen<double> shares = Gen.Frequency((3, Gen.Choose(0, 1000).Select(part => part / 1000.0)), (1, Gen.Elements(0.0, 1.0)));
        Gen<Step> steps = Gen.Frequency((5, Gen.Constant(Act.Take)), (5, Gen.Constant(Act.Consume)), (1, Gen.Constant(Act.Grow)))
            .SelectMany(act => shares.Select(share => new Step(act, share)));
        Gen<(int Size, Step[] Steps)> runs = s_sizes.SelectMany(size => steps.ListOf().Resize(200).Select(list => (size, list.ToArray())));
        Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(runs), run => KeepsItsBooks(run.Size, run.Steps)));
    }

    [Fact]
    public void The_rate_is_judged_without_overflow()
    {
        Gen<long> times = Gen.OneOf(
            Gen.Choose(0, 1000).Select(time => (long)time),
            Gen.Choose(0, int.MaxValue).Select(time => (long)time << 31),
            Gen.Elements(0L, 1L, long.MaxValue / 2));
        Gen<Moment> moments =
            from size in s_sizes
            from credit in Gen.OneOf(Gen.Choose(0, size), Gen.Constant(size), Gen.Constant(size / 2))
            from since in times
            from elapsed in times
            from roundTrip in Gen.OneOf(times, Gen.Constant(long.MaxValue))
            select new Moment(size, credit, since, elapsed, roundTrip);
        Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(moments), moment =>
        {
            var window = new ReceiveWindow(moment.Size, moment.Since);
            bool tooSmall =
                moment.RoundTrip > 0 && (BigInteger)moment.Credit * moment.RoundTrip * 8 > (BigInteger)moment.Size * moment.Elapsed;
            Assert.Equal(tooSmall, window.ShouldGrow(moment.Credit, moment.Since + moment.Elapsed, moment.RoundTrip));
        }));
    }

    [Fact]
    public void The_rate_is_that_since_the_credit_before()
    {
        var window = new ReceiveWindow(1000, now: 0);
        Assert.False(window.ShouldGrow(500, now: 100, roundTrip: 10));
        Assert.True(window.ShouldGrow(500, now: 105, roundTrip: 10)); // half a window in half a round trip
        Assert.False(window.ShouldGrow(500, now: 205, roundTrip: 10));
    }

    [Fact]
    public void Without_a_known_round_trip_it_stays() =>
        Assert.False(new ReceiveWindow(1000, now: 0).ShouldGrow(1000, now: 0, roundTrip: 0));

    [Fact]
    public void Credit_comes_back_in_halves_of_the_window()
    {
        var window = new ReceiveWindow(100, now: 0);
        Assert.NotEqual(ReceiveWindowUse.Passed, window.Take(100));
        Assert.Equal(0, window.Consume(49));
        Assert.Equal(50, window.Consume(1));
        Assert.Equal(0, window.Consume(49));
        Assert.NotEqual(ReceiveWindowUse.Passed, window.Take(50));
        Assert.Equal(ReceiveWindowUse.Passed, window.Take(1));
    }

    private static void KeepsItsBooks(int size, Step[] steps)
    {
        var window = new ReceiveWindow(size, now: 0);
        long mayCome = size, held = 0, owed = 0;
        foreach (Step step in steps)
        {
            int credit = 0;
            switch (step.Act)
            {
                case Act.Take:
                    int bytes = (int)(mayCome * step.Share);
                    Assert.NotEqual(ReceiveWindowUse.Passed, window.Take(bytes));
                    mayCome -= bytes;
                    held += bytes;
                    break;
                case Act.Consume:
                    int read = (int)(held * step.Share);
                    credit = window.Consume(read);
                    held -= read;
                    owed += read;
                    Assert.True(credit == 0 || credit == owed, "all that is owed, or nothing yet");
                    break;
                case Act.Grow when size <= int.MaxValue / 2:
                    credit = window.GrowTo(size * 2);
                    owed += size;
                    size *= 2;
                    Assert.Equal(owed, credit);
                    break;
                default:
                    break;
            }

            mayCome += credit;
            owed -= credit;
            Assert.Equal(size, window.Size);
            Assert.Equal(size, mayCome + held + owed);
            Assert.InRange(owed, 0, Math.Max(0, (size / 2) - 1)); // a peer that waits for less than half a window gets it
            Assert.True(Takes(window, (int)mayCome));
            Assert.False(mayCome < int.MaxValue && Takes(window, (int)mayCome + 1), "more than the peer was told");
        }
    }

    /// <summary>On a copy: the window itself is untouched.</summary>
    private static bool Takes(ReceiveWindow copy, int bytes) => copy.Take(bytes) != ReceiveWindowUse.Passed;
}
