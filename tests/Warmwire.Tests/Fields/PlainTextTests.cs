using FsCheck;
using FsCheck.Fluent;
using Warmwire.Fields;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Fields;

public class PlainTextTests
{
    [Fact]
    public void Printable_text_of_any_length_is_written_as_it_is()
    {
        for (int length = 0; length < 100; length++)
        {
            string text = string.Concat(Enumerable.Range(0, length).Select(static i => (char)(' ' + (i * 7 % ('~' - ' ' + 1)))));
            byte[] written = new byte[length];
            Assert.True(PlainText.TryWrite(text, written));
            Assert.Equal(text, WireBytes.Text(written));
        }
    }

    [Fact]
    public void Any_other_character_anywhere_is_noticed() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<char>(), ArbMap.Default.ArbFor<byte>(), (other, where) =>
        {
            for (int length = 1; length < 40; length++)
            {
                char[] text = [.. Enumerable.Repeat('a', length)];
                text[where % length] = other;
                Assert.Equal(other is >= ' ' and <= '~', PlainText.TryWrite(text, new byte[length]));
            }
        }));

    [Theory]
    [InlineData('\r')]
    [InlineData('\n')]
    [InlineData('\0')]
    [InlineData('\t')]
    [InlineData('\u007f')]
    [InlineData('\u0080')]
    [InlineData('\u0120')] // a space in its lower byte
    [InlineData('\u4141')]
    public void What_a_field_is_refused_or_asked_about_for_is_not_plain(char other)
    {
        for (int length = 1; length < 40; length++)
        {
            char[] text = [.. Enumerable.Repeat('a', length)];
            text[length - 1] = other;
            Assert.False(PlainText.TryWrite(text, new byte[length]));
        }
    }

    [Fact]
    public void Text_that_does_not_fit_is_not_written() => Assert.False(PlainText.TryWrite("abc", new byte[2]));
}
