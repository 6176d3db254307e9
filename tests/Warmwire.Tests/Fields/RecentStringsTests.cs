using FsCheck;
using FsCheck.Fluent;
using Warmwire.Fields;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Fields;

public class RecentStringsTests
{
    [Fact]
    public void Whatever_was_seen_before_the_answer_is_the_text_asked_for()
    {
        RecentStrings recent = new();
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
            recent.Get(bytes) == WireBytes.Text(bytes) && recent.Get(bytes) == WireBytes.Text(bytes)));
    }

    [Fact]
    public void Two_texts_in_turn_are_each_made_once()
    {
        // 300 pairs: with one place for each hash, some would share it.
        for (int i = 0; i < 300; i++)
        {
            RecentStrings recent = new();
            byte[] one = WireBytes.Of($"one {i}");
            byte[] other = WireBytes.Of($"other {i}");
            (string first, string second) = (recent.Get(one), recent.Get(other));
            Assert.Same(first, recent.Get(one));
            Assert.Same(second, recent.Get(other));
        }
    }

    [Fact]
    public void It_keeps_no_long_text()
    {
        RecentStrings recent = new();
        byte[] text = WireBytes.Of(new string('a', 65));
        Assert.NotSame(recent.Get(text), recent.Get(text));
        Assert.Same(recent.Get(text.AsSpan(1)), recent.Get(text.AsSpan(1)));
    }
}
