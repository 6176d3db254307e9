using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

/// <summary>RFC 9112 §5, RFC 9110 §5.5 and §5.6.2.</summary>
public class HeaderLineReaderTests
{
    [Fact]
    public void Lines_come_in_their_order()
    {
        Assert.Equal([("A", "1"), ("b-C", "x y"), ("A", "2")], Read("A: 1\r\nb-C: x y\r\nA: 2\r\n\r\n"));
    }

    [Fact]
    public void An_empty_block_has_no_lines() => Assert.Empty(Read("\r\n"));

    [Theory]
    [InlineData("A:b", "b")]
    [InlineData("A: b", "b")]
    [InlineData("A: \t b \t ", "b")]
    [InlineData("A:", "")]
    [InlineData("A:  \t", "")]
    [InlineData("A: b\tc d", "b\tc d")]
    [InlineData("A: b:c=d;\"e, f\"", "b:c=d;\"e, f\"")]
    [InlineData("A: \u0080\u00FF", "\u0080\u00FF")]
    public void White_space_around_a_value_is_not_part_of_it(string line, string value) =>
        Assert.Equal([("A", value)], Read(line + "\r\n\r\n"));

    [Fact]
    public void Every_token_character_may_be_in_a_name()
    {
        const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        Assert.Equal([(Token, "v")], Read(Token + ": v\r\n\r\n"));
    }

    [Fact]
    public void No_other_character_may_be_in_a_name()
    {
        const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for (char c = '\0'; c <= '\u00FF'; c++)
        {
            if (c != ':' && !Token.Contains(c))
            {
                Assert.Throws<WireFormatException>(() => Read($"A{c}B: v\r\n\r\n"));
                Assert.Throws<WireFormatException>(() => Read($"{c}B: v\r\n\r\n"));
            }
        }
    }

    [Fact]
    public void No_control_character_but_the_tab_may_be_in_a_value()
    {
        for (char c = '\0'; c <= '\u00FF'; c++)
        {
            if (c != '\t' && (c < ' ' || c == '\u007F'))
            {
                Assert.Throws<WireFormatException>(() => Read($"A: b{c}c\r\n\r\n"));
                Assert.Throws<WireFormatException>(() => Read($"A:{c}\r\n\r\n"));
            }
            else
            {
                Assert.Equal([("A", $"b{c}c")], Read($"A: b{c}c\r\n\r\n"));
            }
        }
    }

    [Theory]
    [InlineData("A : b\r\n\r\n", "white space between the name of response header 'A' and its colon")]
    [InlineData("A\t : b\r\n\r\n", "white space between the name of response header 'A' and its colon")]
    [InlineData("A: b\r\n c\r\n\r\n", "'A' is continued")]
    [InlineData("A: b\r\n\tc: d\r\n\r\n", "'A' is continued")]
    [InlineData("A: b\r\n \r\n\r\n", "'A' is continued")]
    [InlineData(" A: b\r\n\r\n", "begins with white space")]
    [InlineData(": b\r\n\r\n", "empty name")]
    [InlineData("A: b\r\n: c\r\n\r\n", "empty name (after 'A')")]
    [InlineData("A b\r\n\r\n", "'A' goes on with ' '")]
    [InlineData("A\r\n\r\n", "'A' has no colon")]
    [InlineData("A\u00E4: b\r\n\r\n", "'A' goes on with '\\xE4'")]
    [InlineData("A: b\0c\r\n\r\n", "The value of response header 'A' contains '\\x00'")]
    [InlineData("A: b\nC: d\r\n\r\n", "LF alone")]
    [InlineData("A\nC: d\r\n\r\n", "LF alone")]
    [InlineData("A: b\rC: d\r\n\r\n", "a CR that no LF follows")]
    [InlineData("A\rC: d\r\n\r\n", "a CR that no LF follows")]
    [InlineData("A: b", "has no end")]
    [InlineData("A: b\r\n", "has no end")]
    [InlineData("A", "has no end")]
    [InlineData("", "has no end")]
    public void A_malformed_line_is_refused_and_the_error_says_why(string block, string expected)
    {
        WireFormatException refused = Assert.Throws<WireFormatException>(() => Read(block));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_a_bad_value_does_not_show_the_value()
    {
        WireFormatException refused = Assert.Throws<WireFormatException>(() => Read("Set-Cookie: secret\u0001\r\n\r\n"));
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_name_is_shortened_in_the_error()
    {
        WireFormatException refused = Assert.Throws<WireFormatException>(() => Read(new string('n', 5000) + "\r\n\r\n"));
        Assert.InRange(refused.Message.Length, 50, 200);
    }

    [Fact]
    public void Random_text_is_refused_or_read_to_its_end() =>
        Check.QuickThrowOnFailure(Prop.ForAll(
            WireBytes.Nasty("A", "Name", ":", ": ", "value", " ", "\t", "\r\n", "\r\n\r\n", "\r", "\n", "\0", "\u00E4"),
            text => WireBytes.RefusesOrAccepts(() => Read(text))));

    [Fact]
    public void Random_bytes_are_refused_or_read_to_their_end() =>
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
            WireBytes.RefusesOrAccepts(() => Read(WireBytes.Text(bytes) + "\r\n\r\n"))));

    private static List<(string Name, string Value)> Read(string block)
    {
        byte[] bytes = WireBytes.Of(block);
        HeaderLineReader reader = new(bytes);
        List<(string, string)> lines = [];
        while (reader.MoveNext())
        {
            lines.Add((WireBytes.Text(reader.Name), WireBytes.Text(reader.Value)));
            Assert.True(lines.Count <= bytes.Length);
        }

        return lines;
    }
}
