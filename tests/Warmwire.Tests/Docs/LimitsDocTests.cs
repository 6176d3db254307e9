using System.Reflection;
using Warmwire.Authentication;
using Warmwire.Bodies;
using Warmwire.Buffers;
using Warmwire.Concurrency;
using Warmwire.Dialing;
using Warmwire.Exchange;
using Warmwire.Http1.Flow;
using Warmwire.Http1.Wire;
using Warmwire.Http2.Wire;
using Warmwire.Pooling;
using Warmwire.Proxies;
using Warmwire.Settings;
using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Docs;

public class LimitsDocTests
{
    private const string Page = "docs/limits.md";

    private static readonly Type[] s_holders =
        [
            typeof(Http1Limits), typeof(Http2Limits), typeof(ResponseBodyStream), typeof(PoolLimits), typeof(ChunkDecoder),
            typeof(ChunkEncoder), typeof(AddressOrder), typeof(AddressRace), typeof(DecompressedStream), typeof(ReplayRules),
            typeof(RequestTargetCache), typeof(BufferPool), typeof(SocketLimits), typeof(NameLimits), typeof(ProxyLimits),
            typeof(AuthenticationLimits), typeof(UnixSocketDial), typeof(ConcurrencyLimits),
        ];

    public static TheoryData<string, string> Constants()
    {
        var data = new TheoryData<string, string>();
        foreach (Type holder in s_holders)
        {
            const BindingFlags Own = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
            foreach (FieldInfo field in holder.GetFields(Own))
            {
                bool isLimit = field.FieldType == typeof(int) || field.FieldType == typeof(long) || field.FieldType == typeof(TimeSpan);
                if (isLimit && !field.IsPrivate && (field.IsLiteral || field.IsInitOnly))
                {
                    data.Add($"{holder.Name}.{field.Name}", DocFiles.Format(field.GetValue(null)));
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Constants))]
    public void A_constant_is_listed_with_its_value(string name, string value) => Assert.Equal(value, DocFiles.Row(Page, name)[1]);

    [Fact]
    public void No_constant_is_listed_that_does_not_exist()
    {
        HashSet<string> known = [.. Constants().Select(static row => row.Data.Item1)];
        foreach (string[] cells in DocFiles.Rows(Page))
        {
            string name = cells[0].Trim('`');
            if (name.Contains('.', StringComparison.Ordinal) && !name.StartsWith(nameof(TransportOptions) + ".", StringComparison.Ordinal))
            {
                Assert.Contains(name, known);
            }
        }
    }

    [Fact]
    public void A_setting_is_listed_with_its_default()
    {
        using var handler = new PooledHttpHandler();
        foreach (string[] cells in DocFiles.Rows(Page))
        {
            if (typeof(PooledHttpHandler).GetProperty(cells[0].Trim('`')) is { } property
                && property.Name is not (nameof(handler.MaxConnections) or nameof(handler.MaxResponseHeadersLength)))
            {
                Assert.Equal(DocFiles.Format(property.GetValue(handler)), cells[1]);
            }
        }
    }
}
