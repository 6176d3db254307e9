using System.Buffers;
using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Text;
using Warmwire.Buffers;
using Warmwire.Diagnostics;
using Warmwire.Fields;
using Warmwire.Runtime;

namespace Warmwire.Http1.Wire;

/// <summary>
/// Formats the head of a request straight from its collections (RFC 9112 §3, §5), as <see cref="SocketsHttpHandler"/> does, but refuses
/// what would let a value forge another header or another request. A head that is refused leaves nothing in the output.
/// </summary>
internal static class RequestHeadWriter
{
    private enum Name : byte
    {
        Other,
        Host,
        Cookie,
        Expect,
        UserAgent,
        TransferEncoding,
        ContentLength,
        AcceptEncoding,
        Authorization,
        ProxyAuthorization,
    }

    /// <exception cref="HttpRequestException">The request cannot be sent as it is.</exception>
    public static void Write(OutputBuffer output, HttpRequestMessage request, in RequestHeadOptions options)
    {
        int start = output.Count;
        bool complete = false;
        try
        {
            WriteHead(output, request, in options);
            complete = true;
        }
        finally
        {
            if (!complete)
            {
                output.Truncate(start);
            }
        }
    }

    public static bool IsHttp10(HttpRequestMessage request) => request.Version is { Major: 1, Minor: 0 };

    /// <summary>The target of a request as a proxy that forwards it is told it: what Digest puts into its hash.</summary>
    /// <exception cref="HttpRequestException">It cannot be sent.</exception>
    public static string TargetForProxy(HttpRequestMessage request)
    {
        var output = new OutputBuffer();
        try
        {
            string? host = FrameworkFields.HeadersOf(request) is { } headers ? HostField.OfCaller(headers) : null;
            WriteTarget(output, request, request.RequestUri!, host, absoluteForm: true);
            return Encoding.ASCII.GetString(output.Written.Span);
        }
        finally
        {
            output.Release();
        }
    }

    private static void WriteHead(OutputBuffer output, HttpRequestMessage request, in RequestHeadOptions options)
    {
        Uri uri = request.RequestUri ?? throw new InvalidOperationException("The request has no URI.");
        HttpRequestHeaders? headers = FrameworkFields.HeadersOf(request);
        string? host = headers is null ? null : HostField.OfCaller(headers);

        string method;
        if (host is not null || options.Target is not { } target)
        {
            method = MethodNames.Canonical(request.Method.Method);
            WriteFirstLines(output, request, uri, method, host, in options);
        }
        else if (!target.TryWrite(
            output,
            uri,
            request.Method.Method,
            options.HostValue,
            IsHttp10(request),
            options.AbsoluteForm,
            out method))
        {
            int start = output.Count;
            method = MethodNames.Canonical(request.Method.Method);
            WriteFirstLines(output, request, uri, method, host, in options);
            target.Remember(
                output.Written.Span[start..],
                uri,
                request.Method.Method,
                options.HostValue,
                IsHttp10(request),
                options.AbsoluteForm,
                method);
        }

        WriteRequestHeaders(output, request, headers, in options);

        if (options.Body.Kind != RequestBodyKind.None && request.Content is not null)
        {
            WriteContentHeaders(output, request, request.Content.Headers, in options);
        }
        else if (MethodNames.AnnouncesEmptyBody(method))
        {
            output.Write("Content-Length: 0\r\n"u8);
        }

        output.Write("\r\n"u8);
    }

    private static void WriteFirstLines(
        OutputBuffer output,
        HttpRequestMessage request,
        Uri uri,
        string method,
        string? host,
        in RequestHeadOptions options)
    {
        WriteRequestLine(output, request, uri, method, host, options.AbsoluteForm);
        output.Write("Host: "u8); // first, as RFC 9110 §7.2 advises
        WriteHost(output, uri, host, options.HostValue);
        output.Write("\r\n"u8);
    }

    private static void WriteRequestLine(
        OutputBuffer output,
        HttpRequestMessage request,
        Uri uri,
        string method,
        string? host,
        bool absoluteForm)
    {
        FieldWriter.CheckMethod(method);
        output.WriteAscii(method);
        output.Write(" "u8);
        WriteTarget(output, request, uri, host, absoluteForm);
        output.Write(IsHttp10(request) ? " HTTP/1.0\r\n"u8 : " HTTP/1.1\r\n"u8);
    }

    private static void WriteTarget(OutputBuffer output, HttpRequestMessage request, Uri uri, string? host, bool absoluteForm)
    {
        if (ConnectMethod.IsOf(request))
        {
            // Authority form (RFC 9112 §3.2.3), which a URI cannot say.
            HostField.WriteChecked(output, host ?? throw new HttpRequestException(RequestErrorTexts.ConnectNeedsHost));
        }
        else
        {
            if (absoluteForm)
            {
                output.WriteAscii(uri.Scheme);
                output.Write("://"u8);
                HostField.Write(output, uri);
            }

            FieldWriter.WriteTarget(output, uri.PathAndQuery);
        }
    }

    private static void WriteHost(OutputBuffer output, Uri uri, string? userHost, byte[]? hostValue)
    {
        if (userHost is not null)
        {
            HostField.WriteChecked(output, userHost);
        }
        else if (hostValue is not null)
        {
            output.Write(hostValue);
        }
        else
        {
            HostField.Write(output, uri);
        }
    }

    private static void WriteRequestHeaders(
        OutputBuffer output,
        HttpRequestMessage request,
        HttpRequestHeaders? requestHeaders,
        in RequestHeadOptions options)
    {
        bool chunked = options.Body.Kind == RequestBodyKind.Chunked;
        bool cookieWritten = string.IsNullOrEmpty(options.CookieHeader);
        string? acceptEncoding = options.AcceptEncoding;
        HttpHeadersNonValidated headers = requestHeaders is null ? default : requestHeaders.NonValidated;
        foreach (KeyValuePair<string, HeaderStringValues> header in headers)
        {
            switch (Classify(header.Key))
            {
                case Name.Host: // written
                case Name.Authorization when options.Authorization?.ForServer is not null: // another is written below
                case Name.ProxyAuthorization when options.OmitsProxyAuthorization: // it is for the proxy alone (RFC 9110 §11.7.2)
                case Name.ProxyAuthorization when options is { AbsoluteForm: true, Authorization.ForProxy: not null }:
                    break;

                case Name.TransferEncoding:
                    // Sent only with a chunked body, so never together with a Content-Length.
                    if (chunked)
                    {
                        RequestTransferEncoding.Write(output, header.Value);
                        chunked = false;
                    }

                    break;

                case Name.Expect when IsHttp10(request):
                    break; // HTTP/1.0 has no interim responses

                case Name.Cookie:
                    WriteField(output, request, in options, header.Key, header.Value, "; ", cookieWritten ? null : options.CookieHeader);
                    cookieWritten = true;
                    break;

                case Name.AcceptEncoding:
                    WriteField(output, request, in options, header.Key, header.Value, ", ", acceptEncoding);
                    acceptEncoding = null;
                    break;

                case Name.UserAgent:
                    WriteField(output, request, in options, header.Key, header.Value, " ");
                    break;

                default:
                    WriteField(output, request, in options, header.Key, header.Value, ", ");
                    break;
            }
        }

        if (options.ExtraHeaders is { } extraHeaders)
        {
            WriteExtraHeaders(output, request, headers, extraHeaders, in options);
        }

        WriteCredentials(output, "Authorization", options.Authorization?.ForServer);
        if (options.AbsoluteForm)
        {
            WriteCredentials(output, "Proxy-Authorization", options.Authorization?.ForProxy);
        }

        if (acceptEncoding is not null)
        {
            WriteField(output, request, in options, "Accept-Encoding", acceptEncoding);
        }

        if (chunked)
        {
            output.Write("Transfer-Encoding: chunked\r\n"u8);
        }

        if (!cookieWritten)
        {
            WriteField(output, request, in options, "Cookie", options.CookieHeader!);
        }
    }

    private static void WriteExtraHeaders(
        OutputBuffer output,
        HttpRequestMessage request,
        HttpHeadersNonValidated headers,
        IReadOnlyList<KeyValuePair<string, string>> extraHeaders,
        in RequestHeadOptions options)
    {
        for (int i = 0; i < extraHeaders.Count; i++)
        {
            (string name, string value) = extraHeaders[i];
            if (!headers.Contains(name))
            {
                WriteField(output, request, in options, name, value);
            }
        }
    }

    private static void WriteContentHeaders(
        OutputBuffer output,
        HttpRequestMessage request,
        HttpContentHeaders headers,
        in RequestHeadOptions options)
    {
        bool lengthDue = options.Body.Kind == RequestBodyKind.Length;
        HttpHeadersNonValidated fields = headers.NonValidated;
        int others = fields.Count - (lengthDue && fields.Contains("Content-Length") ? 1 : 0);
        if (others > 0)
        {
            foreach (KeyValuePair<string, HeaderStringValues> header in fields)
            {
                if (Classify(header.Key) != Name.ContentLength)
                {
                    WriteField(output, request, in options, header.Key, header.Value, ", ");
                    if (--others == 0)
                    {
                        break; // a Content-Length behind it is not asked for, because .NET would make a string of the number
                    }
                }
                else if (lengthDue)
                {
                    // The plan's length, not the header's text: what is announced is what is going to be written.
                    WriteContentLength(output, options.Body.Length);
                    lengthDue = false;
                }
            }
        }

        if (lengthDue)
        {
            WriteContentLength(output, options.Body.Length);
        }
    }

    private static void WriteContentLength(OutputBuffer output, long length)
    {
        output.Write("Content-Length: "u8);
        Utf8Formatter.TryFormat(length, output.GetSpan(20), out int digits);
        output.Advance(digits);
        output.Write("\r\n"u8);
    }

    /// <summary>They repeat what the server has written, such as a realm, which was read as Latin-1.</summary>
    private static void WriteCredentials(OutputBuffer output, string name, string? value)
    {
        if (value is not null)
        {
            WriteName(output, name);
            FieldWriter.WriteValue(output, name, value, Encoding.Latin1);
            output.Write("\r\n"u8);
        }
    }

    private static void WriteField(
        OutputBuffer output,
        HttpRequestMessage request,
        in RequestHeadOptions options,
        string name,
        string value)
    {
        WriteName(output, name);
        FieldWriter.WriteValue(output, name, value, UserCode.EncodingOfRequest(options.EncodingSelector, name, request));
        output.Write("\r\n"u8);
    }

    private static void WriteField(
        OutputBuffer output,
        HttpRequestMessage request,
        in RequestHeadOptions options,
        string name,
        HeaderStringValues values,
        string separator,
        string? lastValue = null)
    {
        if (options.EncodingSelector is null && lastValue is null && values.Count == 1 && TryWritePlain(output, name, values.ToString()))
        {
            return;
        }

        WriteName(output, name);
        Encoding? encoding = UserCode.EncodingOfRequest(options.EncodingSelector, name, request);
        bool first = true;
        foreach (string value in values)
        {
            if (!first)
            {
                output.WriteAscii(separator);
            }

            FieldWriter.WriteValue(output, name, value, encoding);
            first = false;
        }

        if (lastValue is not null)
        {
            if (!first)
            {
                output.WriteAscii(separator);
            }

            FieldWriter.WriteValue(output, name, lastValue, encoding);
        }

        output.Write("\r\n"u8);
    }

    /// <summary>The usual field in one go; one that is not usual is left to the code that knows what to make or say of it.</summary>
    private static bool TryWritePlain(OutputBuffer output, string name, string value)
    {
        int valueStart = name.Length + 2;
        int length = valueStart + value.Length + 2;
        Span<byte> line = output.GetSpan(length);
        if (!FieldWriter.IsName(name) || !PlainText.TryWrite(name, line) || !PlainText.TryWrite(value, line[valueStart..]))
        {
            return false;
        }

        ": "u8.CopyTo(line[name.Length..]);
        "\r\n"u8.CopyTo(line[(length - 2)..]);
        output.Advance(length);
        return true;
    }

    private static void WriteName(OutputBuffer output, string name)
    {
        FieldWriter.CheckName(name);
        output.WriteAscii(name);
        output.Write(": "u8);
    }

    private static Name Classify(string name)
    {
        (string candidate, Name result) = name.Length switch
        {
            4 => ("Host", Name.Host),
            6 when (name[0] | 0x20) == 'c' => ("Cookie", Name.Cookie),
            6 => ("Expect", Name.Expect),
            10 => ("User-Agent", Name.UserAgent),
            13 => ("Authorization", Name.Authorization),
            14 => ("Content-Length", Name.ContentLength),
            15 => ("Accept-Encoding", Name.AcceptEncoding),
            17 => (RequestTransferEncoding.Name, Name.TransferEncoding),
            19 => ("Proxy-Authorization", Name.ProxyAuthorization),
            _ => ("", Name.Other),
        };
        return name.Equals(candidate, StringComparison.OrdinalIgnoreCase) ? result : Name.Other;
    }
}
