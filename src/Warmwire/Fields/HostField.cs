using System.Buffers.Text;
using System.Net.Http.Headers;
using Warmwire.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Fields;

/// <summary>The value of Host that a URI asks for (RFC 9110 §7.2).</summary>
internal static class HostField
{
    /// <summary>For a pool, whose requests mostly share it.</summary>
    public static byte[] ValueFor(Uri uri)
    {
        OutputBuffer output = new();
        Write(output, uri);
        byte[] value = output.Written.ToArray();
        output.Release();
        return value;
    }

    /// <summary>The Host that the caller has set, if any.</summary>
    /// <exception cref="HttpRequestException">There are several.</exception>
    public static string? OfCaller(HttpRequestHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("Host", out HeaderStringValues values))
        {
            return null;
        }

        if (values.Count > 1)
        {
            throw new HttpRequestException(RequestErrorTexts.SeveralHosts);
        }

        string host = values.ToString().Trim(' ');
        return host.Length > 0 ? host : null;
    }

    /// <summary>Visible ASCII only: a Host is part of the request's meaning, and the target of a CONNECT.</summary>
    public static void WriteChecked(OutputBuffer output, ReadOnlySpan<char> host)
    {
        if (host.ContainsAnyExcept(FieldSyntax.VisibleChars))
        {
            throw new HttpRequestException(RequestErrorTexts.HostIsIllegal);
        }

        output.WriteAscii(host);
    }

    public static void Write(OutputBuffer output, Uri uri)
    {
        ReadOnlySpan<char> host = uri.IdnHost;
        if (uri.HostNameType == UriHostNameType.IPv6)
        {
            // The zone means something on this machine only and does not leave it (RFC 6874 §4).
            int zone = host.IndexOf('%');
            output.Write("["u8);
            WriteChecked(output, zone < 0 ? host : host[..zone]);
            output.Write("]"u8);
        }
        else
        {
            WriteChecked(output, host);
        }

        if (!uri.IsDefaultPort)
        {
            output.Write(":"u8);
            Utf8Formatter.TryFormat(uri.Port, output.GetSpan(5), out int digits);
            output.Advance(digits);
        }
    }
}
