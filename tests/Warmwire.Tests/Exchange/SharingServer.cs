using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Warmwire.Dialing;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Exchange;

/// <summary>
/// The other end of any connection, in memory: proxy, TLS, HTTP/1.1 and HTTP/2 by what arrives. It answers each request with what its
/// connection was made for, as far as a server can tell.
/// </summary>
internal static class SharingServer
{
    /// <summary>A connection to it.</summary>
    /// <param name="dialed">What the client has dialed.</param>
    public static Stream Connect(string dialed)
    {
        (Stream client, PeerEnd peer) = MemoryTransport.CreatePair();
        _ = Task.Run(() => ServeAsync(peer.Stream, dialed));
        return client;
    }

    public static string Made(string dialed, string? tunnel, string? name, string? certificate, bool http2, string? who) =>
        $"{dialed} tunnel={tunnel} name={name} certificate={certificate} http2={http2} who={who}";

    private static async Task ServeAsync(Stream stream, string dialed)
    {
        string? tunnel = null;
        string? name = null;
        string? certificate = null;
        string? who = null;
        try
        {
            while (true)
            {
                byte[] first = new byte[1];
                if (await stream.ReadAsync(first) == 0)
                {
                    return;
                }

                stream = new PrefixedStream(first, stream);
                if (first[0] == 0x16)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = TestCertificates.Server,
                        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                        ClientCertificateRequired = true,
                        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                    });
                    (stream, name, certificate) = (tls, tls.TargetHostName, tls.RemoteCertificate?.Subject);
                    if (tls.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2)
                    {
                        await ServeHttp2Async(stream, Made(dialed, tunnel, name, certificate, http2: true, who));
                        return;
                    }

                    continue;
                }

                string head = await ReadHeadAsync(stream);
                if (head.StartsWith("PRI ", StringComparison.Ordinal))
                {
                    await ServeHttp2Async(stream, Made(dialed, tunnel, name, certificate, http2: true, who), "SM\r\n\r\n".Length);
                    return;
                }

                string[] line = head[..head.IndexOf('\r', StringComparison.Ordinal)].Split(' ');
                if (line[0] == "CONNECT")
                {
                    tunnel = line[1];
                    await SendAsync(stream, "HTTP/1.1 200 OK\r\n\r\n");
                    continue;
                }

                int asked = line[1].IndexOf("/ntlm-", StringComparison.Ordinal);
                string authorization = head.Split("\r\nAuthorization: NTLM ") is [_, var rest] ? rest.Split('\r')[0] : "";
                string? challenge = asked < 0 ? null
                    : authorization.StartsWith("c1.", StringComparison.Ordinal) ? "NTLM s1"
                    : authorization.Length == 0 && who is null ? "NTLM"
                    : null;
                who = authorization.StartsWith("c2.", StringComparison.Ordinal) ? authorization[3..] : who;
                string body = Made(dialed, tunnel, name, certificate, http2: false, who);
                await SendAsync(
                    stream,
                    challenge is null
                        ? $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"
                        : $"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: {challenge}\r\n"
                          + "Proxy-Support: Session-Based-Authentication\r\n\r\n");
            }
        }
        catch (IOException)
        {
            // The client has gone.
        }
    }

    private static async Task<string> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static Task SendAsync(Stream stream, string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text)).AsTask();

    /// <summary>Enough of RFC 9113 for one request after another without content.</summary>
    private static async Task ServeHttp2Async(Stream stream, string made, int left = 24)
    {
        await stream.ReadExactlyAsync(new byte[left]);
        await SendFrameAsync(stream, type: 4, flags: 0, id: 0, []);
        byte[] header = new byte[9];
        while (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false) == header.Length)
        {
            byte[] payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
            await stream.ReadExactlyAsync(payload);
            (byte type, byte flags) = (header[3], header[4]);
            switch (type)
            {
                case 1: // HEADERS: 200, and the answer.
                    int id = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
                    await SendFrameAsync(stream, type: 1, flags: 4, id, [0x88]);
                    await SendFrameAsync(stream, type: 0, flags: 1, id, Encoding.ASCII.GetBytes(made));
                    break;
                case 4 or 6 when (flags & 1) == 0: // SETTINGS, PING: acknowledged.
                    await SendFrameAsync(stream, type, flags: 1, id: 0, type == 4 ? [] : payload);
                    break;
                default:
                    break;
            }
        }
    }

    private static Task SendFrameAsync(Stream stream, byte type, byte flags, int id, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        (frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 8), (byte)payload.Length, type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame, 9);
        return stream.WriteAsync(frame).AsTask();
    }
}
