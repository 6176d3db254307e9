using System.Text;
using Warmwire.Cli.Rendering.Charts;
using Xunit;

namespace Warmwire.Cli.Tests.Rendering.Charts;

public sealed class GlyphsTests
{
    [Fact]
    public void Blocks_are_for_unicode_on_a_terminal_that_may_have_them()
    {
        Assert.Same(Glyphs.Blocks, Glyphs.For(Encoding.UTF8, static _ => null));
        Assert.Same(Glyphs.Blocks, Glyphs.For(new UTF8Encoding(false), static name => name == "NO_COLOR" ? "" : "xterm"));
        Assert.Same(Glyphs.Ascii, Glyphs.For(Encoding.ASCII, static _ => null));
        Assert.Same(Glyphs.Ascii, Glyphs.For(Encoding.Latin1, static _ => null));
        Assert.Same(Glyphs.Ascii, Glyphs.For(Encoding.UTF8, static name => name == "NO_COLOR" ? "1" : null));
        Assert.Same(Glyphs.Ascii, Glyphs.For(Encoding.UTF8, static name => name == "TERM" ? "dumb" : null));
    }

    [Fact]
    public void Bars_have_eighths_and_show_what_is_not_nothing()
    {
        Assert.Equal("", Glyphs.Blocks.Bar(0, 10));
        Assert.Equal("▏", Glyphs.Blocks.Bar(1e-9, 10));
        Assert.Equal("█████", Glyphs.Blocks.Bar(0.5, 10));
        Assert.Equal("█████▌", Glyphs.Blocks.Bar(0.55, 10));
        Assert.Equal("##########", Glyphs.Ascii.Bar(7, 10));
    }

    [Fact]
    public void Shades_and_levels_ascend_and_only_nothing_is_blank()
    {
        foreach (Glyphs glyphs in (Glyphs[])[Glyphs.Blocks, Glyphs.Ascii])
        {
            Assert.Equal(' ', glyphs.Shade(0));
            Assert.Equal(' ', glyphs.Level(0));
            Assert.Equal(glyphs.Shades[1], glyphs.Shade(1e-9));
            Assert.Equal(glyphs.Shades[^1], glyphs.Shade(1));
            Assert.Equal(8, Enumerable.Range(1, 100).Select(i => glyphs.Level(i / 100.0)).Distinct().Count());
        }
    }
}
