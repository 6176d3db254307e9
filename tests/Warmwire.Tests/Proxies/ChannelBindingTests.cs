using System.Net;
using System.Net.Security;
using Warmwire.Authentication;
using Warmwire.Tests.Authentication;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Proxies;

/// <summary>What NTLM is bound to where the proxy is reached over TLS (RFC 5929 §4): the channel to who reads the messages.</summary>
/// <remarks>The proxy is an address: the name of a host would be looked up for Kerberos.</remarks>
public sealed class ChannelBindingTests
{
    [Theory]
    [InlineData("https://192.0.2.9:3129", true)]
    [InlineData("http://192.0.2.9:3128", false)]
    public async Task The_messages_of_a_tunnel_are_bound_to_the_channel_to_the_proxy(string proxy, bool isBound)
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig(proxy, negotiations);
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await ProxyAsync(rig, isBound);
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
        Assert.Contains("NTLM c1", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        await peer.SendAsync("HTTP/1.1 403 Enough\r\nContent-Length: 0\r\n\r\n");
        await ProxyRig.FailureOf(request);
        AssertBound(isBound, Assert.Single(negotiations.Begun));
    }

    /// <summary>A dial that begins its messages before it is asked binds them too.</summary>
    [Fact]
    public async Task A_later_tunnel_is_bound_from_its_first_message()
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig("https://192.0.2.9:3129", negotiations);
        for (int i = 0; i < 2; i++)
        {
            Task<string> request = rig.Client.GetStringAsync($"https://server{i}.test/");
            ScriptedPeer peer = await ProxyAsync(rig, isTls: true);
            if (i == 0)
            {
                await peer.ReadHeadAsync();
                await peer.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
            }

            Assert.Contains("NTLM c1", await peer.ReadHeadAsync(), StringComparison.Ordinal);
            await peer.SendAsync("HTTP/1.1 200 Open\r\n\r\n");
            await peer.ReadExactlyAsync(1);
            peer.Close();
            await ProxyRig.FailureOf(request);
        }

        Assert.Equal(2, negotiations.Begun.Count);
        Assert.All(negotiations.Begun, static begun => AssertBound(true, begun));
    }

    [Theory]
    [InlineData("https://192.0.2.9:3129", true)]
    [InlineData("http://192.0.2.9:3128", false)]
    public async Task The_messages_of_a_plain_request_are_bound_to_the_channel_to_the_proxy(string proxy, bool isBound)
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig(proxy, negotiations);
        Task<string> request = rig.Client.GetStringAsync("http://server.test/");
        await (await ProxyAsync(rig, isBound)).AnswerAsync(407, "", "Proxy-Authenticate: NTLM");
        ScriptedPeer peer = await ProxyAsync(rig, isBound);
        await peer.AnswerAsync(407, "", "Proxy-Authenticate: NTLM s1");
        await peer.AnswerAsync();
        await request;
        AssertBound(isBound, Assert.Single(negotiations.Begun));
    }

    /// <summary>.NET has no binding for a certificate with such a signature, and throws.</summary>
    [Theory]
    [InlineData(true, "https://server.test/")]
    [InlineData(false, "https://server.test/")]
    [InlineData(true, "http://server.test/")]
    public async Task A_proxy_whose_certificate_has_a_signature_without_a_binding_is_used_all_the_same(bool credentials, string uri)
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig("https://192.0.2.9:3129", negotiations, credentials);
        Task<string> request = rig.Client.GetStringAsync(uri);
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AuthenticateAsServerAsync(TestCertificates.PresentingPss());
        if (credentials)
        {
            await peer.ReadHeadAsync();
            await peer.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n");
            if (uri.StartsWith("http:", StringComparison.Ordinal))
            {
                peer = await rig.ProxyAsync();
                await peer.AuthenticateAsServerAsync(TestCertificates.PresentingPss());
            }

            Assert.Contains("NTLM c1", await peer.ReadHeadAsync(), StringComparison.Ordinal);
            AssertBound(false, Assert.Single(negotiations.Begun));
        }
        else
        {
            await peer.ReadHeadAsync();
        }

        await peer.SendAsync("HTTP/1.1 403 Enough\r\nContent-Length: 0\r\n\r\n");
        HttpRequestException e = await Assert.ThrowsAnyAsync<HttpRequestException>(() => Guard.Within(request, () => "the refusal"));
        Assert.Equal(HttpStatusCode.Forbidden, e.StatusCode);
    }

    /// <summary>The first message goes on another connection, whose proxy may be another machine with another certificate.</summary>
    [Fact]
    public async Task A_first_message_that_goes_on_another_connection_is_bound_to_that_one()
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig("https://192.0.2.9:3129", negotiations);
        Task<string> request = rig.Client.GetStringAsync("https://server.test/");
        ScriptedPeer peer = await rig.ProxyAsync();
        await peer.AuthenticateAsServerAsync(TestCertificates.PresentingPss());
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        ScriptedPeer other = await ProxyAsync(rig, isTls: true);
        Assert.Contains("NTLM c1", await other.ReadHeadAsync(), StringComparison.Ordinal);
        await other.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM s1\r\nContent-Length: 0\r\n\r\n");
        Assert.Contains("NTLM c2", await other.ReadHeadAsync(), StringComparison.Ordinal);
        await other.SendAsync("HTTP/1.1 403 Enough\r\nContent-Length: 0\r\n\r\n");
        await ProxyRig.FailureOf(request);
        AssertBound(true, negotiations.Begun[^1]);
        await Eventually.IsTrue(() => negotiations.Open == 0, "the negotiations are disposed");
    }

    /// <summary>The server does not see the channel that ends at the proxy: credentials bound to it would be refused.</summary>
    [Fact]
    public async Task A_servers_messages_are_not_bound_to_the_channel_to_a_proxy_that_forwards()
    {
        var negotiations = new ScriptedNegotiations();
        using ProxyRig rig = Rig("https://192.0.2.9:3129", negotiations);
        rig.Handler.Credentials = new NetworkCredential("server", "word");
        Task<string> request = rig.Client.GetStringAsync("http://192.0.2.1/");
        await (await ProxyAsync(rig, isTls: true)).AnswerAsync(
            401, "", "WWW-Authenticate: NTLM", "Proxy-Support: Session-Based-Authentication");
        ScriptedPeer peer = await ProxyAsync(rig, isTls: true);
        await peer.AnswerAsync(401, "", "WWW-Authenticate: NTLM s1");
        await peer.AnswerAsync();
        await request;
        AssertBound(false, Assert.Single(negotiations.Begun));
    }

    private static ProxyRig Rig(string proxy, ScriptedNegotiations negotiations, bool credentials = true) =>
        new(proxy, credentials, handler =>
        {
            handler.Negotiations = negotiations;
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        });

    private static async Task<ScriptedPeer> ProxyAsync(ProxyRig rig, bool isTls)
    {
        ScriptedPeer peer = await rig.ProxyAsync();
        if (isTls)
        {
            await peer.AuthenticateAsServerAsync(TestCertificates.Presenting());
        }

        return peer;
    }

    private static void AssertBound(bool isBound, NegotiationOptions begun)
    {
        Assert.Equal(isBound, begun.Binding is not null);
        Assert.True(begun.Binding is null || begun.Binding.Size > 0);
    }
}
