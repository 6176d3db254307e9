using Warmwire.Proxies;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>The bytes of SOCKS 4, 4A and 5, by the figures of RFC 1928 and RFC 1929.</summary>
public sealed class SocksMessagesTests
{
    private readonly byte[] _buffer = new byte[Socks5Messages.MaxLength];

    [Theory]
    [InlineData(false, "050100")]
    [InlineData(true, "05020002")]
    public void A_greeting_offers_what_can_be_done(bool hasCredentials, string bytes) =>
        Assert.Equal(bytes, Hex(Socks5Messages.WriteGreeting(_buffer, hasCredentials)));

    [Theory]
    [InlineData("server.test", 443, "0501000 30B7365727665722E7465737401BB")]
    [InlineData("127.0.0.1", 80, "050100017F0000010050")]
    [InlineData("::ffff:127.0.0.1", 80, "050100017F0000010050")]
    [InlineData("::1", 8080, "05010004000000000000000000000000000000011F90")]
    public void A_request_has_the_name_as_it_is(string host, int port, string bytes) =>
        Assert.Equal(bytes.Replace(" ", "", StringComparison.Ordinal), Hex(Socks5Messages.WriteRequest(_buffer, host, port)));

    [Fact]
    public void Name_and_password_are_UTF8_and_counted() =>
        Assert.Equal("0102C3A9026162", Hex(Socks5Messages.WriteAuthentication(_buffer, "\u00E9", "ab")));

    [Fact]
    public void The_longest_texts_fit_and_longer_ones_are_refused()
    {
        string longest = new('x', ProxyLimits.SocksTextBytes);
        Assert.Equal(3 + (2 * ProxyLimits.SocksTextBytes), Socks5Messages.WriteAuthentication(_buffer, longest, longest));
        Assert.Throws<SocksException>(() => Socks5Messages.WriteAuthentication(_buffer, longest + "x", ""));
        Assert.Throws<SocksException>(() => Socks5Messages.WriteAuthentication(_buffer, "", longest + "x"));
        Assert.Throws<SocksException>(() => Socks5Messages.WriteRequest(_buffer, longest + "x", 80));
    }

    [Theory]
    [InlineData(0, false, false)]
    [InlineData(0, true, false)]
    [InlineData(2, true, true)]
    public void A_choice_says_whether_credentials_are_wanted(byte method, bool offered, bool wanted) =>
        Assert.Equal(wanted, Socks5Messages.ReadChoice([5, method], offered));

    [Theory]
    [InlineData(5, 0xFF, false, "no credentials")]
    [InlineData(5, 0xFF, true, "neither")]
    [InlineData(5, 2, false, "not offered")]
    [InlineData(5, 1, true, "method 1")]
    [InlineData(4, 0, true, "does not speak SOCKS 5")]
    [InlineData((byte)'H', (byte)'T', true, "begins with byte 72")]
    public void A_choice_that_cannot_be_followed_says_why(byte version, byte method, bool offered, string why) =>
        Assert.Contains(
            why,
            Assert.Throws<SocksException>(() => Socks5Messages.ReadChoice([version, method], offered)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(5, 0, true)]
    [InlineData(1, 1, false)]
    [InlineData(1, 255, false)]
    [InlineData(2, 0, false)]
    public void Credentials_are_accepted_by_zero_alone(byte version, byte status, bool accepted)
    {
        Exception? e = Record.Exception(() => Socks5Messages.CheckAuthenticationReply([version, status]));
        Assert.Equal(accepted, e is null);
        Assert.True(e is null or SocksException);
    }

    [Theory]
    [InlineData(1, 0, 10)]
    [InlineData(4, 0, 22)]
    [InlineData(3, 0, 7)]
    [InlineData(3, 255, 262)]
    public void A_reply_is_as_long_as_its_address(byte type, byte fifth, int length) =>
        Assert.Equal(length, Socks5Messages.ReadReply([5, 0, 0, type, fifth]));

    [Fact]
    public void Each_refusal_says_which()
    {
        var messages = new HashSet<string>(StringComparer.Ordinal);
        for (int code = 1; code < 256; code++)
        {
            byte[] reply = [5, (byte)code, 0, 1, 0];
            string message = Assert.Throws<SocksException>(() => Socks5Messages.ReadReply(reply)).Message;
            Assert.Contains(code.ToString(System.Globalization.CultureInfo.InvariantCulture), message, StringComparison.Ordinal);
            Assert.True(messages.Add(message));
        }

        Assert.Throws<SocksException>(() => Socks5Messages.ReadReply([5, 0, 0, 2, 0]));
        Assert.Throws<SocksException>(() => Socks5Messages.ReadReply([4, 0, 0, 1, 0]));
    }

    [Fact]
    public void No_reply_is_longer_than_the_buffer() =>
        Assert.True(Socks5Messages.ReadReply([5, 0, 0, 3, 255]) <= Socks5Messages.MaxLength);

    [Theory]
    [InlineData("127.0.0.1", "user", "04010050 7F000001 7573657200")]
    [InlineData("127.0.0.1", "", "04010050 7F000001 00")]
    public void Version_4_has_the_address_and_the_user(string address, string user, string bytes) =>
        Assert.Equal(
            bytes.Replace(" ", "", StringComparison.Ordinal),
            Hex(Socks4Messages.WriteRequest(_buffer, System.Net.IPAddress.Parse(address), 80, user)));

    [Fact]
    public void Version_4A_has_the_name_behind_an_address_that_is_none() =>
        Assert.Equal("0401005000000001" + "7500" + "612E7400", Hex(Socks4Messages.WriteRequest(_buffer, "a.t", 80, "u")));

    [Fact]
    public void Version_4_has_no_words_for_IPv6_nor_for_NUL_and_long_texts()
    {
        Assert.Throws<SocksException>(() => Socks4Messages.WriteRequest(_buffer, System.Net.IPAddress.IPv6Loopback, 80, ""));
        Assert.Throws<SocksException>(() => Socks4Messages.WriteRequest(_buffer, System.Net.IPAddress.Loopback, 80, "a\0b"));
        string longest = new('x', ProxyLimits.SocksTextBytes);
        Assert.Equal(8 + (2 * 256), Socks4Messages.WriteRequest(_buffer, longest, 80, longest));
        Assert.Throws<SocksException>(() => Socks4Messages.WriteRequest(_buffer, longest + "x", 80, ""));
    }

    [Theory]
    [InlineData(0, 90, null)]
    [InlineData(4, 90, null)]
    [InlineData(0, 91, "(91)")]
    [InlineData(0, 92, "(92)")]
    [InlineData(0, 93, "(93)")]
    [InlineData(0, 7, "code 7")]
    [InlineData(5, 90, "does not speak SOCKS 4")]
    public void Version_4_grants_by_90_alone(byte version, byte code, string? why)
    {
        byte[] reply = [version, code, 0, 0, 0, 0, 0, 0];
        Exception? e = Record.Exception(() => Socks4Messages.CheckReply(reply));
        Assert.Equal(why is null, e is null);
        Assert.Contains(why ?? "", e?.Message ?? "", StringComparison.Ordinal);
    }

    private string Hex(int length) => Convert.ToHexString(_buffer.AsSpan(0, length));
}
