using System.Net;
using Warmwire.Dialing;
using Xunit;

namespace Warmwire.Tests.Dialing;

public sealed class AddressOrderTests
{
    [Theory]
    [InlineData("192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2", "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2")]
    [InlineData("2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2")]
    [InlineData("192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3", "192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.3")]
    [InlineData("192.0.2.2 192.0.2.1", "192.0.2.2 192.0.2.1")]
    [InlineData("2001:db8::2 2001:db8::1", "2001:db8::2 2001:db8::1")]
    public void Families_take_turns_and_the_resolvers_first_begins(string answer, string expected)
    {
        List<IPAddress> arranged = AddressOrder.Arrange(answer.Split(' ').Select(IPAddress.Parse), out int known);

        Assert.Equal(expected, string.Join(' ', arranged));
        Assert.Equal(arranged.Count, known);
    }

    [Fact]
    public void The_same_address_is_tried_once_and_mapped_addresses_are_IPv4()
    {
        IPAddress[] answer =
        [
            IPAddress.Parse("192.0.2.1"),
            IPAddress.Parse("::ffff:192.0.2.1"),
            IPAddress.Parse("192.0.2.1"),
            IPAddress.Parse("::ffff:192.0.2.9"),
        ];

        Assert.Equal("192.0.2.1 192.0.2.9", string.Join(' ', AddressOrder.Arrange(answer, out int known)));
        Assert.Equal(2, known);
    }

    [Fact]
    public void No_more_addresses_than_the_limit_are_kept_of_a_long_answer()
    {
        IEnumerable<IPAddress> answer =
            Enumerable.Range(1, 100).Select(i => IPAddress.Parse($"192.0.2.{i}")).Append(IPAddress.Parse("2001:db8::1"));

        List<IPAddress> arranged = AddressOrder.Arrange(answer, out int known);

        Assert.Equal(AddressOrder.MaxAddresses, arranged.Count);
        Assert.Equal(101, known);
        Assert.Equal(IPAddress.Parse("2001:db8::1"), arranged[1]);
    }
}
