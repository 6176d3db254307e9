using System.Net;
using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Connections;

public sealed class RouteEndPointsTests
{
    [Fact]
    public void Connections_to_one_address_share_its_end_point()
    {
        var endPoints = new RouteEndPoints("a.test", 81);
        IPEndPoint first = endPoints.Of(IPAddress.Parse("192.0.2.1"));
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 81), first);
        Assert.NotSame(first, endPoints.Of(IPAddress.Parse("192.0.2.2")));
        Assert.Same(first, endPoints.Of(IPAddress.Parse("192.0.2.1")));
    }

    [Fact]
    public void A_name_whose_addresses_change_without_end_keeps_few_of_them()
    {
        var endPoints = new RouteEndPoints("a.test", 81);
        IPEndPoint first = endPoints.Of(new IPAddress(1));
        for (int i = 2; i < 1000; i++)
        {
            Assert.Same(endPoints.Of(new IPAddress(i)), endPoints.Of(new IPAddress(i)));
        }

        Assert.NotSame(first, endPoints.Of(new IPAddress(1)));
    }

    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("a.test", false)]
    public void A_host_that_is_an_address_is_known_as_one(string host, bool isAddress) =>
        Assert.Equal(isAddress ? IPAddress.Parse(host) : null, new RouteEndPoints(host, 80).Literal);

    [Fact]
    public void What_the_user_changes_is_a_copy()
    {
        var endPoints = new RouteEndPoints("192.0.2.1", 80);
        IPEndPoint own = endPoints.Of(endPoints.Literal!);
        ((IPEndPoint)RouteEndPoints.CopyForUser(own)!).Port = 9;
        Assert.Equal(80, own.Port);
    }
}
