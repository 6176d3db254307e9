using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http1;
using Xunit;

namespace Warmwire.Tests.Http1;

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
    public void It_keeps_no_long_text()
    {
        RecentStrings recent = new();
        byte[] text = WireBytes.Of(new string('a', 65));
        Assert.NotSame(recent.Get(text), recent.Get(text));
        Assert.Same(recent.Get(text.AsSpan(1)), recent.Get(text.AsSpan(1)));
    }
}
