using System.Net.Security;
using System.Security.Authentication;

namespace Warmwire.Dialing;

/// <summary>
/// Tells a server that does not speak TLS from other failures of a handshake. The platform says it by its text alone, so it is asked once
/// what
/// it says to such a server.
/// </summary>
internal static class NoTlsServer
{
    private static readonly Lazy<string?> s_text = new(Ask);

    public static bool Is(Exception e) => e is AuthenticationException { InnerException: null } && e.Message == s_text.Value;

    private static string? Ask()
    {
        try
        {
            using var stream = new SslStream(new PlainServer());
            stream.AuthenticateAsClient("plain");
        }
        catch (AuthenticationException e)
        {
            return e.Message;
        }
        catch (Exception)
        {
            // Then it cannot be told.
        }

        return null;
    }

    /// <summary>Answers whatever it is told with HTTP.</summary>
    private sealed class PlainServer : MemoryStream
    {
        public PlainServer()
            : base("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), writable: false)
        {
        }

        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
        }
    }
}
