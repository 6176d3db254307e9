using System.Net.Http.Headers;
using Warmwire.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Http1.Wire;

/// <summary>
/// The caller's own Transfer-Encoding. Codings before <c>chunked</c> are the caller's business; <c>chunked</c> is ours and must be last
/// (RFC 9112 §6.1).
/// </summary>
internal static class RequestTransferEncoding
{
    public const string Name = "Transfer-Encoding";

    /// <summary>Refuses what no recipient could frame.</summary>
    public static void Check(HeaderStringValues values)
    {
        bool chunked = false;
        foreach (string value in values)
        {
            foreach (Range range in value.AsSpan().Split(','))
            {
                ReadOnlySpan<char> coding = value.AsSpan(range).Trim(" \t");
                if (coding.IsEmpty)
                {
                    continue;
                }

                if (coding.ContainsAnyExceptInRange(' ', '~'))
                {
                    throw new HttpRequestException(RequestErrorTexts.TransferEncodingIsIllegal);
                }

                if (chunked)
                {
                    throw new HttpRequestException(RequestErrorTexts.ChunkedMustBeLast);
                }

                chunked = coding.Equals("chunked", StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    /// <summary>The header line: the caller's codings, then <c>chunked</c>, exactly once.</summary>
    public static void Write(OutputBuffer output, HeaderStringValues values)
    {
        Check(values);
        output.Write("Transfer-Encoding: "u8);
        foreach (string value in values)
        {
            foreach (Range range in value.AsSpan().Split(','))
            {
                ReadOnlySpan<char> coding = value.AsSpan(range).Trim(" \t");
                if (!coding.IsEmpty && !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
                {
                    output.WriteAscii(coding);
                    output.Write(", "u8);
                }
            }
        }

        output.Write("chunked\r\n"u8);
    }
}
