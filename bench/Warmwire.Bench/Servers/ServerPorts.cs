using System.Globalization;

namespace Warmwire.Bench.Servers;

/// <summary>The ports of a server: HTTP/2 has its own, so that no client has to choose a version.</summary>
internal sealed record ServerPorts(int Http, int Https, int Http2, int Https2)
{
    public static ServerPorts Find() => FreePort.Find(4) is [var http, var https, var http2, var https2]
        ? new ServerPorts(http, https, http2, https2)
        : throw new InvalidOperationException();

    public string Url(string path, bool https, bool http2)
    {
        int port = http2 ? (https ? Https2 : Http2) : https ? Https : Http;
        return string.Create(CultureInfo.InvariantCulture, $"{(https ? "https" : "http")}://127.0.0.1:{port}{path}");
    }
}
