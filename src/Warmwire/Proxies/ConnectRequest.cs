using Warmwire.Buffers;
using Warmwire.Diagnostics;
using Warmwire.Fields;

namespace Warmwire.Proxies;

/// <summary>The request for a tunnel (RFC 9110 §9.3.6, RFC 9112 §3.2.3).</summary>
internal static class ConnectRequest
{
    /// <summary>The target of the request: the server as the proxy is told it.</summary>
    /// <remarks>The zone of an address means something on this machine only and does not leave it (RFC 6874 §4).</remarks>
    public static string AuthorityOf(in HostAndPort server)
    {
        int zone = server.Host.IndexOf('%', StringComparison.Ordinal);
        return (zone < 0 ? server : server with { Host = server.Host[..zone] }).ToString();
    }

    /// <param name="output">Where to.</param>
    /// <param name="server">The server behind the proxy.</param>
    /// <param name="userAgent">What the request says of itself that asked for the connection: as in .NET, proxies may go by it.</param>
    /// <param name="authorization">The value of <c>Proxy-Authorization</c>.</param>
    /// <exception cref="HttpRequestException">A value would forge another field.</exception>
    public static void Write(OutputBuffer output, in HostAndPort server, string? userAgent, string? authorization)
    {
        string authority = AuthorityOf(server);
        output.Write("CONNECT "u8);
        HostField.WriteChecked(output, authority);
        output.Write(" HTTP/1.1\r\nHost: "u8);
        HostField.WriteChecked(output, authority);
        output.Write("\r\n"u8);
        WriteField(output, "User-Agent", userAgent);
        WriteField(output, "Proxy-Authorization", authorization);
        output.Write("\r\n"u8);
    }

    private static void WriteField(OutputBuffer output, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            output.WriteAscii(name);
            output.Write(": "u8);
            FieldWriter.WriteValue(output, name, value, encoding: null);
            output.Write("\r\n"u8);
        }
    }
}
