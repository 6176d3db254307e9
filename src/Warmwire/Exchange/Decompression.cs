using System.Net;
using System.Net.Http.Headers;

namespace Warmwire.Exchange;

/// <summary>The content codings that are undone, by their names on the wire (RFC 9110 §8.4.1, RFC 7932).</summary>
internal enum ContentCoding
{
    Gzip,
    Deflate,
    Brotli,
}

/// <summary>Asks for compressed responses, and undoes the compression.</summary>
internal static class Decompression
{
    private const DecompressionMethods Known = DecompressionMethods.GZip | DecompressionMethods.Deflate | DecompressionMethods.Brotli;

    // Indexed by the bits of the methods: GZip 1, Deflate 2, Brotli 4.
    private static readonly string?[] s_acceptEncodings =
        [null, "gzip", "deflate", "gzip, deflate", "br", "gzip, br", "deflate, br", "gzip, deflate, br"];

    /// <summary>
    /// What to write as Accept-Encoding for the methods that the request's own header does not name, or <see langword="null"/> for nothing.
    /// It is added to the value of the request's own.
    /// </summary>
    /// <remarks>A coding the request names with a quality is left as it is, so that <c>gzip;q=0</c> means what it says.</remarks>
    public static string? AcceptEncodingToAdd(HttpRequestMessage request, DecompressionMethods methods)
    {
        DecompressionMethods missing = methods & Known;
        if (missing != DecompressionMethods.None
            && request.Headers.NonValidated.TryGetValues("Accept-Encoding", out HeaderStringValues values))
        {
            foreach (string value in values)
            {
                missing &= ~NamedIn(value);
            }
        }

        return s_acceptEncodings[(int)missing];
    }

    /// <summary>
    /// Puts a decompressing content over the response's, if the last coding of its Content-Encoding is one of <paramref name="methods"/>.
    /// Only the last is undone, as in .NET: the others stay in the header for the caller. Also as in .NET, a response without a body (HEAD,
    /// 204, 304) loses its Content-Length and the coding like any other.
    /// </summary>
    public static void Apply(HttpResponseMessage response, DecompressionMethods methods)
    {
        if ((methods & Known) == DecompressionMethods.None
            || !response.Content.Headers.NonValidated.TryGetValues("Content-Encoding", out HeaderStringValues values))
        {
            return;
        }

        string? last = null;
        string before = string.Empty;
        foreach (string value in values)
        {
            foreach (Range range in value.AsSpan().Split(','))
            {
                ReadOnlySpan<char> coding = value.AsSpan(range).Trim(" \t");
                if (coding.Length != 0)
                {
                    before = last is null ? string.Empty : before.Length == 0 ? last : $"{before}, {last}";
                    last = coding.Length == value.Length ? value : coding.ToString();
                }
            }
        }

        if (last is not null && CodingOf(last) is { } known && (methods & MethodOf(known)) != DecompressionMethods.None)
        {
            bool isPart = response.StatusCode == HttpStatusCode.PartialContent;
            response.Content = new DecompressedContent(response.Content, known, before, isPart);
        }
    }

    private static DecompressionMethods NamedIn(string acceptEncoding)
    {
        DecompressionMethods named = DecompressionMethods.None;
        foreach (Range range in acceptEncoding.AsSpan().Split(','))
        {
            ReadOnlySpan<char> name = acceptEncoding.AsSpan(range);
            int parameters = name.IndexOf(';');
            name = (parameters < 0 ? name : name[..parameters]).Trim(" \t");
            if (CodingOf(name) is { } coding)
            {
                named |= MethodOf(coding);
            }
        }

        return named;
    }

    /// <summary>x-gzip is gzip (RFC 9110 §8.4.1.3).</summary>
    private static ContentCoding? CodingOf(ReadOnlySpan<char> name) =>
        name.Equals("gzip", StringComparison.OrdinalIgnoreCase) || name.Equals("x-gzip", StringComparison.OrdinalIgnoreCase)
            ? ContentCoding.Gzip
        : name.Equals("deflate", StringComparison.OrdinalIgnoreCase) ? ContentCoding.Deflate
        : name.Equals("br", StringComparison.OrdinalIgnoreCase) ? ContentCoding.Brotli
        : null;

    private static DecompressionMethods MethodOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => DecompressionMethods.GZip,
        ContentCoding.Deflate => DecompressionMethods.Deflate,
        _ => DecompressionMethods.Brotli,
    };
}
