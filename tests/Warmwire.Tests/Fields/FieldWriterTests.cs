using System.Text;
using Warmwire.Buffers;
using Warmwire.Fields;
using Xunit;

namespace Warmwire.Tests.Fields;

/// <summary>
/// What a program puts into a request, as both protocols write it: nothing that could end a field, a line or a request early.
/// </summary>
public sealed class FieldWriterTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("a\u0001b\u007F")]
    public void A_value_of_one_line_is_written_as_it_is(string value) =>
        Assert.Equal(value, Written(output => FieldWriter.WriteValue(output, "X", value, encoding: null)));

    [Theory]
    [InlineData("\r")]
    [InlineData("\n")]
    [InlineData("\0")]
    [InlineData("\r\nEvil: 1")]
    public void A_value_that_breaks_the_line_is_refused_wherever_it_does(string evil)
    {
        foreach (string value in new[] { evil, "a" + evil, evil + "a", new string('a', 100) + evil + new string('b', 100) })
        {
            foreach (Encoding? encoding in new[] { null, Encoding.UTF8, Encoding.Latin1 })
            {
                Assert.Contains(
                    "CR, LF or NUL", Refused(output => FieldWriter.WriteValue(output, "X", value, encoding)), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Every_character_beyond_ASCII_needs_an_encoding()
    {
        Assert.Contains(
            "'X'", Refused(static output => FieldWriter.WriteValue(output, "X", "ü", encoding: null)), StringComparison.Ordinal);
        Assert.Equal("Ã¼", Written(static output => FieldWriter.WriteValue(output, "X", "ü", Encoding.UTF8)));
    }

    [Fact]
    public void An_encoding_cannot_make_a_line_break_of_other_characters() =>
        Refused(static output => FieldWriter.WriteValue(output, "X", "\u0D0A", Encoding.BigEndianUnicode));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("a\r\n")]
    [InlineData("ü")]
    public void What_is_no_token_is_neither_a_name_nor_a_method(string text)
    {
        Assert.Throws<HttpRequestException>(() => FieldWriter.CheckName(text));
        Assert.Throws<HttpRequestException>(() => FieldWriter.CheckMethod(text));
    }

    [Fact]
    public void A_token_is_both()
    {
        FieldWriter.CheckName("X-Token_1");
        FieldWriter.CheckMethod("M-SEARCH");
    }

    [Theory]
    [InlineData("", "/")]
    [InlineData("/a?b=c", "/a?b=c")]
    [InlineData("?b", "/?b")]
    public void A_target_begins_with_a_slash(string target, string written) =>
        Assert.Equal(written, Written(output => FieldWriter.WriteTarget(output, target)));

    [Theory]
    [InlineData("/ HTTP/1.1\r\nEvil: 1")]
    [InlineData("/a b")]
    [InlineData("/ü")]
    [InlineData("/\u007F")]
    public void A_target_with_anything_that_ends_it_is_refused(string target) => Refused(output => FieldWriter.WriteTarget(output, target));

    private static string Written(Action<OutputBuffer> write)
    {
        var output = new OutputBuffer();
        write(output);
        return Encoding.Latin1.GetString(output.Written.Span);
    }

    /// <summary>The refusal, which has left nothing behind.</summary>
    private static string Refused(Action<OutputBuffer> write)
    {
        var output = new OutputBuffer();
        HttpRequestException refusal = Assert.Throws<HttpRequestException>(() => write(output));
        Assert.Equal(0, output.Count);
        return refusal.Message;
    }
}
