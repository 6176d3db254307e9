using System.Net;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>The handler under test, trusting the certificate of the tests.</summary>
/// <remarks>
/// With <c>WARMWIRE_H2_TEST_REFERENCE=1</c> it is the handler of .NET: the author of a test can see whether it asks for what is right.
/// </remarks>
internal static class Subject
{
    public static HttpMessageHandler Create() =>
        Environment.GetEnvironmentVariable("WARMWIRE_H2_TEST_REFERENCE") == "1" ? CreateReference()
            : new PooledHttpHandler { SslOptions = TestCertificates.Trusting(), UseProxy = false };

    public static SocketsHttpHandler CreateReference() =>
        new() { SslOptions = TestCertificates.Trusting(), UseProxy = false, EnableMultipleHttp2Connections = true };

    /// <summary>A client that speaks HTTP/2 and nothing else.</summary>
    public static HttpClient CreateClient() =>
        new(Create()) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
}
