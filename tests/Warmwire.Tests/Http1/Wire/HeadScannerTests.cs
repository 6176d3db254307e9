using FsCheck;
using FsCheck.Fluent;
using Warmwire.Diagnostics;
using Warmwire.Http1.Wire;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Wire;

public class HeadScannerTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nA: b\r\nServer: x y\r\n\r\n";

    [Fact]
    public void Finds_the_end_of_a_whole_head()
    {
        HeadScanner scanner = default;
        Assert.True(scanner.TryFindEnd(WireBytes.Of(Head), out int length));
        Assert.Equal(Head.Length, length);
    }

    [Fact]
    public void Does_not_look_beyond_the_end_of_the_head()
    {
        HeadScanner scanner = default;
        Assert.True(scanner.TryFindEnd(WireBytes.Of(Head + "body\nwith\rbare ends\r\n\r\n"), out int length));
        Assert.Equal(Head.Length, length);
    }

    [Fact]
    public void A_head_without_headers_is_a_head()
    {
        HeadScanner scanner = default;
        Assert.True(scanner.TryFindEnd("HTTP/1.1 200 OK\r\n\r\n"u8, out int length));
        Assert.Equal(19, length);
    }

    [Fact]
    public void Any_growth_of_the_buffer_finds_the_same_end()
    {
        byte[] whole = WireBytes.Of(Head + "rest");
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), anywhere =>
        {
            HeadScanner scanner = default;
            foreach (int cut in WireBytes.Cuts(anywhere, whole.Length))
            {
                bool found = scanner.TryFindEnd(whole.AsSpan(0, cut), out int length);
                Assert.Equal(cut >= Head.Length, found);
                if (found)
                {
                    Assert.Equal(Head.Length, length);
                    return;
                }
            }
        }));
    }

    [Fact]
    public void One_byte_at_a_time_finds_the_end_with_the_last_byte()
    {
        byte[] whole = WireBytes.Of(Head);
        HeadScanner scanner = default;
        for (int available = 0; available < whole.Length; available++)
        {
            Assert.False(scanner.TryFindEnd(whole.AsSpan(0, available), out _));
        }

        Assert.True(scanner.TryFindEnd(whole, out int length));
        Assert.Equal(whole.Length, length);
    }

    [Fact]
    public void The_end_is_found_wherever_it_falls_in_a_block_and_whatever_follows()
    {
        for (int padding = 0; padding < 100; padding++)
        {
            foreach (string rest in new[] { "", "x", "\n", "\r", "\r\n\r\n", "\n\n\r\r", new string('b', 40) })
            {
                string head = $"HTTP/1.1 200 OK\r\nA: {new string('x', padding)}\r\nB: y\r\n\r\n";
                HeadScanner scanner = default;
                Assert.True(scanner.TryFindEnd(WireBytes.Of(head + rest), out int length));
                Assert.Equal(head.Length, length);
            }
        }
    }

    [Fact]
    public void A_wrong_line_end_is_refused_wherever_it_falls_in_a_block()
    {
        for (int padding = 0; padding < 100; padding++)
        {
            foreach ((string wrong, string reason) in new[]
            {
                ("\n", ResponseErrorTexts.BareLineFeed),
                ("\n\n", ResponseErrorTexts.BareLineFeed),
                ("\r\n\n", ResponseErrorTexts.BareLineFeed),
                ("\rx", ResponseErrorTexts.BareCarriageReturn),
                ("\r\r\n", ResponseErrorTexts.BareCarriageReturn),
                ("\r\n\rx", ResponseErrorTexts.BareCarriageReturn),
            })
            {
                byte[] head = WireBytes.Of($"HTTP/1.1 200 OK\r\nA: {new string('x', padding)}{wrong}B: y\r\n\r\n");
                WireFormatException refused = Assert.Throws<WireFormatException>(() =>
                {
                    HeadScanner scanner = default;
                    scanner.TryFindEnd(head, out _);
                });
                Assert.Equal(reason, refused.Message);
            }
        }
    }

    [Fact]
    public void A_head_that_is_here_as_a_whole_is_judged_as_one_that_comes_byte_by_byte() =>
        Check.QuickThrowOnFailure(Prop.ForAll(WireBytes.Nasty("\r\n", "\r\n\r\n", "\r", "\n", "A: b", "0123456789abcdef"), text =>
        {
            byte[] bytes = WireBytes.Of("HTTP/1.1 200 OK\r\n" + text + new string('x', 32));
            Assert.Equal(Judge(bytes, step: 1), Judge(bytes, step: bytes.Length));
        }));

    private static string Judge(byte[] bytes, int step)
    {
        HeadScanner scanner = default;
        try
        {
            for (int available = step; available <= bytes.Length; available += step)
            {
                if (scanner.TryFindEnd(bytes.AsSpan(0, available), out int length))
                {
                    return $"ends at {length}";
                }
            }

            return "goes on";
        }
        catch (WireFormatException refused)
        {
            return refused.Message;
        }
    }

    [Fact]
    public void Reset_makes_it_ready_for_the_next_head()
    {
        HeadScanner scanner = default;
        Assert.True(scanner.TryFindEnd(WireBytes.Of(Head), out _));
        scanner.Reset();
        Assert.True(scanner.TryFindEnd("HTTP/1.1 204 No Content\r\n\r\n"u8, out int length));
        Assert.Equal(27, length);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\n")] // RFC 9112 §2.2
    [InlineData("HTTP/1.1 200 OK\r\nA: b\n")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\r")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\rc")]
    [InlineData("HTTP/1.1 200 OK\r\n\rX")]
    public void Wrong_line_ends_are_refused_as_soon_as_they_are_seen(string beginning) =>
        Assert.Throws<WireFormatException>(() =>
        {
            HeadScanner scanner = default;
            scanner.TryFindEnd(WireBytes.Of(beginning), out _);
        });

    [Theory]
    [InlineData("S")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n")]
    [InlineData("HTTP/2")]
    [InlineData("http/1.1 200 OK\r\n")]
    [InlineData("\r\n")]
    [InlineData("\u0015\u0002")]
    [InlineData("\0\0\u0004\u0001")]
    public void A_peer_that_speaks_something_else_is_refused_before_its_head_could_be_complete(string beginning)
    {
        WireFormatException refused = Assert.Throws<WireFormatException>(() =>
        {
            HeadScanner scanner = default;
            scanner.TryFindEnd(WireBytes.Of(beginning), out _);
        });
        Assert.Contains("does not begin with 'HTTP/1.'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0015", "TLS")]
    [InlineData("\u0015\u0003\u0003", "TLS")]
    [InlineData("\u0016\u0003", "TLS")]
    [InlineData("\0", "HTTP/2")]
    [InlineData("\0\0\u0012\u0004\0", "HTTP/2")]
    [InlineData("\0\0\u0008\u0007", "HTTP/2")]
    public void A_peer_that_speaks_another_protocol_of_the_web_is_refused_by_its_name(string beginning, string name)
    {
        WireFormatException refused = Assert.Throws<WireFormatException>(() =>
        {
            HeadScanner scanner = default;
            scanner.TryFindEnd(WireBytes.Of(beginning), out _);
        });
        Assert.Contains($"The server speaks {name}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\r\n", 2)]
    [InlineData("\r\nHTTP/1.1", 2)]
    [InlineData("A: b\r\n\r\n", 8)]
    [InlineData("A: b\r\nC: d\r\n\r\nHTTP/1.1", 14)]
    public void A_trailer_block_may_be_empty(string text, int expected)
    {
        HeadScanner scanner = new(isTrailer: true);
        Assert.True(scanner.TryFindEnd(WireBytes.Of(text), out int length));
        Assert.Equal(expected, length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r")]
    [InlineData("A: b\r\n\r")]
    public void An_unfinished_trailer_block_waits_for_more(string text)
    {
        HeadScanner scanner = new(isTrailer: true);
        Assert.False(scanner.TryFindEnd(WireBytes.Of(text), out int length));
        Assert.Equal(0, length);
    }

    [Fact]
    public void Random_text_is_refused_or_accepted_or_waited_for()
    {
        Arbitrary<string> texts = WireBytes.Nasty("HTTP/1.1 200 OK\r\n", "\r\n", "\r", "\n", "A: b", " ", "\0", "\r\n\r\n");
        Check.QuickThrowOnFailure(Prop.ForAll(texts, text =>
            WireBytes.RefusesOrAccepts(() =>
            {
                HeadScanner head = default;
                head.TryFindEnd(WireBytes.Of(text), out _);
            })
            && WireBytes.RefusesOrAccepts(() =>
            {
                HeadScanner trailer = new(isTrailer: true);
                trailer.TryFindEnd(WireBytes.Of(text), out _);
            })));
    }
}
