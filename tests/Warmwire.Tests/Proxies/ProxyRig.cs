using System.Net;
using System.Net.Security;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Proxies;

/// <summary>A handler whose proxy is a scripted peer.</summary>
internal sealed class ProxyRig : IDisposable
{
    public const string User = "user";
    public const string Password = "secret";
    public const string Authorization = "Basic dXNlcjpzZWNyZXQ=";

    public ProxyRig(string proxy = "http://proxy.test:3128", bool credentials = false, Action<PooledHttpHandler>? configure = null)
    {
        Setting = new WebProxy(proxy) { Credentials = credentials ? new NetworkCredential(User, Password) : null };
        Handler = Network.CreateHandler(handler =>
        {
            handler.UseProxy = true;
            handler.Proxy = Setting;
            handler.SslOptions = TestCertificates.Trusting();
            configure?.Invoke(handler);
        });
        Client = new HttpClient(Handler);
    }

    public PeerNetwork Network { get; } = new();

    public WebProxy Setting { get; }

    public PooledHttpHandler Handler { get; }

    public HttpClient Client { get; }

    /// <summary>The proxy's end of the next connection.</summary>
    public Task<ScriptedPeer> ProxyAsync() => Network.AcceptAsync();

    /// <summary>Becomes the server behind the tunnel.</summary>
    public static async Task OpenAsync(ScriptedPeer peer, params SslApplicationProtocol[] protocols)
    {
        await peer.SendAsync("HTTP/1.1 200 Connection established\r\n\r\n");
        await peer.AuthenticateAsServerAsync(TestCertificates.Presenting(protocols));
    }

    public static async Task<TransportException> FailureOf(Task request) =>
        await Xunit.Assert.ThrowsAsync<TransportException>(() => Guard.Within(request, () => "the failure of a request"));

    public void Dispose()
    {
        Client.Dispose();
        Handler.Dispose();
    }
}
