using System.Text;
using Warmwire.Diagnostics;
using Warmwire.Sockets;

namespace Warmwire.Fields;

/// <summary>Turns the names and values of response headers into strings, without a new one where the text is well known.</summary>
internal static class ResponseHeaderNames
{
    // The set HttpContentHeaders takes.
    private static readonly string[] s_contentNames =
    [
        "Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-MD5",
        "Content-Range", "Content-Type", "Expires", "Last-Modified",
    ];

    // The names .NET knows and servers send. Plain arrays: tuples make generic code of their own, which the first response would wait for.
    private static readonly string[] s_names =
    [
        .. s_contentNames,

        "Cache-Control", "Connection", "Date", "Keep-Alive", "Location", "Proxy-Authenticate", "Retry-After", "Server", "Set-Cookie",
        "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via", "WWW-Authenticate",

        "Accept", "Accept-Encoding", "Accept-Patch", "Accept-Ranges", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Max-Age", "Age",
        "Alt-Svc", "Authentication-Info", "Content-Security-Policy", "ETag", "Expect-CT", "grpc-encoding", "grpc-message", "grpc-status",
        "Link", "Origin", "P3P", "Pragma", "Proxy-Connection", "Proxy-Support", "Public-Key-Pins", "Referrer-Policy", "Refresh",
        "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Server-Timing", "Set-Cookie2",
        "Strict-Transport-Security", "Timing-Allow-Origin", "traceparent", "tracestate", "Tk", "TSV", "User-Agent", "Warning",
        "X-AspNet-Version", "X-Cache", "X-Content-Duration", "X-Content-Type-Options", "X-Correlation-ID", "X-Frame-Options",
        "X-MSEdge-Ref", "X-Powered-By", "X-Request-ID", "X-UA-Compatible", "X-XSS-Protection",
    ];

    // What the engine acts on; all other names are KnownResponseHeader.Other.
    private static readonly KnownResponseHeader[] s_known = KnownOf(s_names);

    private static readonly AsciiTable s_nameTable = new(s_names, ignoreCase: true);
    private static readonly RecentStrings s_otherNames = new();

    private static readonly string[] s_values =
    [
        "*", "*/*", "1; mode=block", "Accept", "Accept-Encoding", "Accept-Encoding, User-Agent", "Accept-Language", "Cookie", "DENY",
        "GET", "GET, HEAD", "GET, HEAD, OPTIONS", "GET, POST", "Kestrel", "Microsoft-IIS/10.0", "ASP.NET", "Origin",
        "Origin, Accept-Encoding",
        "SAMEORIGIN", "Express", "PHP", "apache", "Apache", "application/grpc", "application/javascript", "application/json",
        "application/json; charset=utf-8", "application/json;charset=utf-8", "application/json;charset=UTF-8",
        "application/json; charset=UTF-8",
        "application/octet-stream", "application/problem+json", "application/problem+json; charset=utf-8", "application/xml", "attachment",
        "br", "bytes", "chunked", "close", "Close", "cloudflare", "deflate", "envoy", "gzip", "identity", "image/gif", "image/jpeg",
        "image/png",
        "image/svg+xml", "image/webp", "keep-alive", "Keep-Alive", "max-age=0", "max-age=31536000", "must-revalidate", "nginx", "no-cache",
        "no-cache, no-store", "no-cache, no-store, must-revalidate", "no-store", "no-store, no-cache", "no-store,no-cache", "none",
        "nosniff",
        "private", "private, max-age=0", "public", "strict-origin-when-cross-origin", "text/css", "text/event-stream", "text/html",
        "text/html; charset=utf-8", "text/html; charset=UTF-8", "text/html;charset=UTF-8", "text/html;charset=utf-8", "text/javascript",
        "text/plain", "text/plain; charset=utf-8", "text/plain; charset=UTF-8", "text/plain;charset=UTF-8", "text/xml", "timeout=5",
        "timeout=5, max=100", "trailers", "true", "false", "upgrade", "websocket", "zstd",
    ];

    private static readonly AsciiTable s_valueTable = new(s_values, ignoreCase: false);
    private static readonly RecentStrings s_recentValues = new();
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where in the list of well-known names it stands, or -1. What is in the list is a token.</summary>
    public static int IndexOf(ReadOnlySpan<byte> name) => s_nameTable.IndexOf(name);

    /// <inheritdoc cref="Lookup(ReadOnlySpan{byte}, int, out KnownResponseHeader, out bool)"/>
    public static string Lookup(ReadOnlySpan<byte> name, out KnownResponseHeader known, out bool isContentHeader) =>
        Lookup(name, IndexOf(name), out known, out isContentHeader);

    /// <param name="name">A token, as the parser delivers it.</param>
    /// <param name="index">What <see cref="IndexOf"/> says of it.</param>
    /// <param name="known">Which of the headers the engine acts on it is.</param>
    /// <param name="isContentHeader">Whether it belongs into <see cref="HttpContent.Headers"/>.</param>
    /// <returns>The usual spelling of a well-known name, else the name as it was sent.</returns>
    public static string Lookup(ReadOnlySpan<byte> name, int index, out KnownResponseHeader known, out bool isContentHeader)
    {
        if (index < 0)
        {
            known = KnownResponseHeader.Other;
            isContentHeader = false;
            return s_otherNames.Get(name);
        }

        known = s_known[index];
        isContentHeader = index < s_contentNames.Length;
        return s_names[index];
    }

    /// <param name="known">The header the value belongs to.</param>
    /// <param name="value">Without the white space around it.</param>
    /// <param name="encoding">The user's choice, or <see langword="null"/> for Latin-1, which loses no byte.</param>
    public static string DecodeValue(KnownResponseHeader known, ReadOnlySpan<byte> value, Encoding? encoding)
    {
        if (value.IsEmpty)
        {
            return "";
        }

        if (encoding is not null)
        {
            return UserCode.Decode(encoding, value);
        }

        if (TryGetSmallNumber(value, out uint number))
        {
            return number.ToString(); // the runtime keeps the strings of small numbers
        }

        int index = s_valueTable.IndexOf(value);
        if (index >= 0)
        {
            return s_values[index];
        }

        return known switch
        {
            KnownResponseHeader.Location => DecodeLocation(value),

            // The same for many responses, and no secrets.
            KnownResponseHeader.CacheControl or KnownResponseHeader.Connection or KnownResponseHeader.ContentLength
                or KnownResponseHeader.ContentType or KnownResponseHeader.Date or KnownResponseHeader.KeepAlive
                or KnownResponseHeader.Server or KnownResponseHeader.Vary or KnownResponseHeader.Via => s_recentValues.Get(value),

            _ => Encoding.Latin1.GetString(value),
        };
    }

    private static KnownResponseHeader[] KnownOf(string[] names)
    {
        var known = new KnownResponseHeader[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            known[i] = KnownOf(names[i]);
        }

        return known;
    }

    private static KnownResponseHeader KnownOf(string name) =>
        name switch
        {
            "Content-Encoding" => KnownResponseHeader.ContentEncoding,
            "Content-Length" => KnownResponseHeader.ContentLength,
            "Content-Type" => KnownResponseHeader.ContentType,
            "Cache-Control" => KnownResponseHeader.CacheControl,
            "Connection" => KnownResponseHeader.Connection,
            "Date" => KnownResponseHeader.Date,
            "Keep-Alive" => KnownResponseHeader.KeepAlive,
            "Location" => KnownResponseHeader.Location,
            "Proxy-Authenticate" => KnownResponseHeader.ProxyAuthenticate,
            "Retry-After" => KnownResponseHeader.RetryAfter,
            "Server" => KnownResponseHeader.Server,
            "Set-Cookie" => KnownResponseHeader.SetCookie,
            "Trailer" => KnownResponseHeader.Trailer,
            "Transfer-Encoding" => KnownResponseHeader.TransferEncoding,
            "Upgrade" => KnownResponseHeader.Upgrade,
            "Vary" => KnownResponseHeader.Vary,
            "Via" => KnownResponseHeader.Via,
            "WWW-Authenticate" => KnownResponseHeader.WwwAuthenticate,
            _ => KnownResponseHeader.Other,
        };

    /// <summary>Servers send Location in UTF-8 although it should be ASCII; .NET reads it so, and so do browsers.</summary>
    private static string DecodeLocation(ReadOnlySpan<byte> value)
    {
        if (!Ascii.IsValid(value))
        {
            try
            {
                return s_strictUtf8.GetString(value);
            }
            catch (DecoderFallbackException)
            {
                // then it is not UTF-8
            }
        }

        return Encoding.Latin1.GetString(value);
    }

    /// <summary>0 to 299, written as .NET would write it.</summary>
    private static bool TryGetSmallNumber(ReadOnlySpan<byte> value, out uint number)
    {
        number = 0;
        if (value.Length > 3 || (value[0] == '0' && value.Length > 1))
        {
            return false;
        }

        foreach (byte b in value)
        {
            uint digit = (uint)(b - '0');
            if (digit > 9)
            {
                return false;
            }

            number = (number * 10) + digit;
        }

        return number < 300;
    }
}
