using FsCheck;
using FsCheck.Fluent;
using Warmwire.Tests.Kit;
using Warmwire.Timing;
using Xunit;

namespace Warmwire.Tests.Timing;

/// <summary>Random steps on the queue and on a table that a child could keep: both must tell the same story.</summary>
public class DeadlineQueueModelTests
{
    private const int Deadlines = 12;

    public enum Act
    {
        Schedule,
        Cancel,
        Advance,
    }

    public sealed record Step(Act Act, int Deadline, int Milliseconds);

    [Fact]
    public void With_few_durations() => Check.QuickThrowOnFailure(Property(Gen.Elements(10, 30, 100)));

    [Fact]
    public void With_a_duration_each() => Check.QuickThrowOnFailure(Property(Gen.Choose(1, 120)));

    private static Property Property(Gen<int> durations)
    {
        Gen<Step> steps = Gen.Frequency(
            (5, Gen.Choose(0, Deadlines - 1).SelectMany(id => durations.Select(ms => new Step(Act.Schedule, id, ms)))),
            (3, Gen.Choose(0, Deadlines - 1).Select(id => new Step(Act.Cancel, id, 0))),
            (2, Gen.Choose(0, 60).Select(ms => new Step(Act.Advance, 0, ms))));
        return Prop.ForAll(Arb.From(steps.ListOf().Resize(200).Select(list => list.ToArray()), Shrink), TellsTheSameStory);
    }

    private static IEnumerable<Step[]> Shrink(Step[] steps) =>
        Enumerable.Range(0, steps.Length).Select(skipped => steps.Where((_, index) => index != skipped).ToArray());

    private static bool TellsTheSameStory(Step[] steps)
    {
        var time = new FakeTime();
        using var queue = new DeadlineQueue(time);
        long start = time.GetTimestamp();
        int Now() => (int)time.GetElapsedTime(start).TotalMilliseconds;

        var expired = new List<(int At, int Deadline)>();
        TestDeadline[] deadlines = [.. Enumerable.Range(0, Deadlines).Select(id => new TestDeadline(() => expired.Add((Now(), id))))];
        var due = new Dictionary<int, int>();
        foreach (Step step in steps)
        {
            switch (step.Act)
            {
                case Act.Schedule when due.TryAdd(step.Deadline, Now() + step.Milliseconds):
                    Assert.True(queue.Schedule(deadlines[step.Deadline], TimeSpan.FromMilliseconds(step.Milliseconds)));
                    break;
                case Act.Cancel:
                    Assert.Equal(due.Remove(step.Deadline), queue.Cancel(deadlines[step.Deadline]));
                    break;
                case Act.Advance:
                    time.Advance(TimeSpan.FromMilliseconds(step.Milliseconds));
                    (int At, int Deadline)[] expected =
                        [.. due.Where(entry => entry.Value <= Now()).Select(entry => (entry.Value, entry.Key)).Order()];
                    Assert.Equal(expected.Select(entry => entry.At), expired.Select(entry => entry.At)); // in the order they were due
                    Assert.Equal(expected, expired.Order());
                    Array.ForEach(expected, entry => due.Remove(entry.Deadline));
                    expired.Clear();
                    break;
                default:
                    break;
            }

            Assert.Equal(due.Count, queue.Count);
            Assert.Equal(Enumerable.Range(0, Deadlines).Select(due.ContainsKey), deadlines.Select(deadline => deadline.IsScheduled));
            Assert.InRange(queue.ListCount, due.Count == 0 ? 0 : 1, due.Count);
            Assert.True(due.Count == 0 || time.NextDue <= TimeSpan.FromMilliseconds(due.Values.Min() - Now()), "the timer is set too late");
        }

        return true;
    }
}
