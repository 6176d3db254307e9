using Warmwire.Tests.Kit;
using Warmwire.Timing;
using Xunit;

namespace Warmwire.Tests.Timing;

public class DeadlineQueueConcurrencyTests
{
    [Fact]
    public async Task Under_real_time_and_several_threads_exactly_one_of_cancel_and_expiry_wins()
    {
        const int Threads = 4;
        const int Rounds = 4000;
        using var queue = new DeadlineQueue(TimeProvider.System);
        var rounds = new Round[Threads][];

        await Guard.Within(
            Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
            {
                var random = new Random(thread);
                Round[] mine = rounds[thread] = [.. Enumerable.Range(0, Rounds).Select(_ => new Round())];
                for (int i = 0; i < Rounds; i++)
                {
                    Assert.True(queue.Schedule(mine[i], TimeSpan.FromMilliseconds(random.Next(0, 6))));

                    // Some old enough to be on the brink of expiry
                    Round old = mine[random.Next(Math.Max(0, i - 300), i + 1)];
                    if (queue.Cancel(old))
                    {
                        old.Cancelled++;
                    }
                }
            }))),
            () => "the threads");

        Round[] all = [.. rounds.SelectMany(mine => mine)];
        await Eventually.IsTrue(() => queue.Count == 0, "all deadlines are settled");
        await Eventually.IsTrue(() => all.All(round => round.Cancelled + round.Expired > 0), "each was cancelled or expired");
        Assert.All(all, round => Assert.Equal(1, round.Cancelled + round.Expired));
        Assert.Contains(all, round => round.Cancelled == 1);
        Assert.Contains(all, round => round.Expired == 1);
        Assert.Equal(0, queue.ListCount);
    }

    private sealed class Round : Deadline
    {
        private int _expired;

        public int Cancelled { get; set; }

        public int Expired => Volatile.Read(ref _expired);

        protected override void OnExpired() => Interlocked.Increment(ref _expired);
    }
}
