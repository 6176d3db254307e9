using Warmwire.Http2.Hpack;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>RFC 7541 appendix A.</summary>
public class StaticTableTests
{
    [Theory]
    [InlineData(1, ":authority", "")]
    [InlineData(2, ":method", "GET")]
    [InlineData(3, ":method", "POST")]
    [InlineData(4, ":path", "/")]
    [InlineData(5, ":path", "/index.html")]
    [InlineData(6, ":scheme", "http")]
    [InlineData(7, ":scheme", "https")]
    [InlineData(8, ":status", "200")]
    [InlineData(14, ":status", "500")]
    [InlineData(16, "accept-encoding", "gzip, deflate")]
    [InlineData(23, "authorization", "")]
    [InlineData(32, "cookie", "")]
    [InlineData(38, "host", "")]
    [InlineData(55, "set-cookie", "")]
    [InlineData(58, "user-agent", "")]
    [InlineData(61, "www-authenticate", "")]
    public void Entries_stand_where_the_RFC_puts_them(int index, string name, string value)
    {
        Assert.Equal(name, WireBytes.Text(StaticTable.Name(index)));
        Assert.Equal(value, WireBytes.Text(StaticTable.Value(index)));
    }

    [Fact]
    public void Every_entry_is_found_by_its_name_and_value()
    {
        for (int index = 1; index <= StaticTable.Count; index++)
        {
            int first = StaticTable.IndexOfName(StaticTable.Name(index), FieldHash.Of(StaticTable.Name(index)));
            Assert.Equal(StaticTable.FirstOfName(index), first);
            Assert.Equal(StaticTable.Name(index), StaticTable.Name(first));
            Assert.Equal(index, StaticTable.IndexOfValue(first, StaticTable.Value(index)));
        }
    }

    [Theory]
    [InlineData("x-request-id")]
    [InlineData("Accept")]
    [InlineData("te")]
    [InlineData("")]
    [InlineData(":statu")]
    public void A_name_that_is_not_in_it_is_not_found(string name) =>
        Assert.Equal(0, StaticTable.IndexOfName(WireBytes.Of(name), FieldHash.Of(WireBytes.Of(name))));

    [Fact]
    public void A_value_that_its_name_does_not_have_is_not_found()
    {
        Assert.Equal(0, StaticTable.IndexOfValue(8, "201"u8));
        Assert.Equal(0, StaticTable.IndexOfValue(14, "200"u8)); // the one asked from is the first
        Assert.Equal(0, StaticTable.IndexOfValue(61, "Basic"u8));
    }
}
