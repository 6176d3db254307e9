using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Warmwire.Http1.Wire;
using Xunit;

namespace Warmwire.Tests.Kit;

/// <summary>Short ways to make bytes, and to cut them.</summary>
internal static class WireBytes
{
    public static byte[] Of(string latin1) => Encoding.Latin1.GetBytes(latin1);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    /// <summary>Where to cut: any numbers, taken modulo the length.</summary>
    public static int[] Cuts(int[] anywhere, int length) =>
        [.. anywhere.Select(cut => (int)((uint)cut % (uint)(length + 1))).Append(length).Distinct().Order()];

    /// <summary>Texts made of what parsers stumble over, so that random input gets further than its first byte.</summary>
    public static Arbitrary<string> Nasty(params string[] pieces) => Gen.Elements(pieces).ArrayOf().Select(string.Concat).ToArbitrary();

    /// <summary>Runs what may refuse its input, but may do nothing else wrong.</summary>
    public static bool RefusesOrAccepts(Action action)
    {
        try
        {
            action();
        }
        catch (WireFormatException refused)
        {
            Assert.DoesNotContain('\n', refused.Message);
            Assert.DoesNotContain('\r', refused.Message);
        }

        return true;
    }
}
