using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Serving;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Requests;

public sealed class RouteTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-route-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_name_is_resolved_to_the_address_that_was_given()
    {
        await using LoadTarget target = await LoadTarget.StartAsync(
            static context => context.Response.WriteAsync(context.Request.Host.Host));
        string name = $"shop.example:{target.Url.Port}";
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "5", "-d", "0.1", "--resolve", $"{name}:127.0.0.1", "--check", "body==shop.example", $"http://{name}/");
        Assert.Equal(new CheckResult(5, 0), result.Checks["body==shop.example"]);
        Assert.Equal(target.Connections, result.Connections.Opened);
    }

    [Fact]
    public async Task Connections_lead_to_a_Unix_socket()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix domain sockets as paths of Unix");
        string path = Path.Combine(_folder.FullName, "s");
        await using LoadTarget target = await LoadTarget.StartAsync(
            static context => context.Response.WriteAsync(context.Request.Host.Value!), unixSocket: path);
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "5", "-d", "0.1", "--unix-socket", path, "--check", "body==docker", "http://docker/");
        Assert.Equal(new CheckResult(5, 0), result.Checks["body==docker"]);
        Assert.Equal((target.Connections, null), (result.Connections.Opened, result.Connections.TimeWait));
        Assert.InRange(target.Connections, 1, 5);
    }

    [Fact]
    public async Task Requests_go_through_a_proxy_with_its_password()
    {
        await using LoadTarget proxy = await LoadTarget.StartAsync(static context =>
        {
            string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            if (context.Request.Headers.ProxyAuthorization.Count == 0)
            {
                context.Response.StatusCode = 407;
                context.Response.Headers.ProxyAuthenticate = "Basic realm=\"p\"";
                return Task.CompletedTask;
            }

            return context.Response.WriteAsync($"{target} {context.Request.Headers.ProxyAuthorization}");
        });
        string url = $"http://user:pass@127.0.0.1:{proxy.Url.Port}";
        QuickResult result = await ParsedRun.RunAsync(
            "-c", "5", "-d", "0.1", "--proxy", url, "--check", "body==http://nowhere.invalid/a Basic dXNlcjpwYXNz",
                "http://nowhere.invalid/a");
        Assert.Equal(5, result.Checks.Single().Value.Passed);
        Assert.Equal(proxy.Connections, result.Connections.Opened);
    }

    [Theory]
    [InlineData("pem", false)]
    [InlineData("pem", true)]
    [InlineData("two files", false)]
    [InlineData("two files", true)]
    [InlineData("pfx", false)]
    [InlineData("pfx", true)]
    public async Task A_client_certificate_is_shown(string form, bool hasPassword)
    {
        using X509Certificate2 certificate = SelfSignedCertificate.Create();
        const string Variable = "WARMWIRE_TEST_PASSWORD";
        Environment.SetEnvironmentVariable(Variable, "secret");
        string? password = hasPassword ? "secret" : null;
        using System.Security.Cryptography.ECDsa? elliptic = certificate.GetECDsaPrivateKey();
        System.Security.Cryptography.AsymmetricAlgorithm key = elliptic ?? (
            System.Security.Cryptography.AsymmetricAlgorithm)certificate.GetRSAPrivateKey()!;
        string keyText = password is null
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(
                password,
                new System.Security.Cryptography.PbeParameters(
                    System.Security.Cryptography.PbeEncryptionAlgorithm.Aes256Cbc,
                    System.Security.Cryptography.HashAlgorithmName.SHA256,
                    1000));
        string file = Path.Combine(_folder.FullName, "cert");
        string keyFile = Path.Combine(_folder.FullName, "key");
        List<string> options = ["--cert", file];
        switch (form)
        {
            case "pem":
                await File.WriteAllTextAsync(file, certificate.ExportCertificatePem() + "\n" + keyText,
                    TestContext.Current.CancellationToken);
                break;
            case "two files":
                await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(keyFile, keyText, TestContext.Current.CancellationToken);
                options.AddRange(["--cert-key", keyFile]);
                break;
            default:
                await File.WriteAllBytesAsync(
                    file, certificate.Export(X509ContentType.Pkcs12, password), TestContext.Current.CancellationToken);
                break;
        }

        if (hasPassword)
        {
            options.AddRange(["--cert-password-env", Variable]);
        }

        await using LoadTarget target = await LoadTarget.StartAsync(
            static context => context.Response.WriteAsync(context.Connection.ClientCertificate!.Thumbprint), tls: true,
                asksCertificate: true);
        QuickResult result = await ParsedRun.RunAsync(
            [.. options, "-k", "-c", "2", "-d", "0.1", "--check", $"body=={certificate.Thumbprint}", target.Url.ToString()]);
        Assert.Equal(2, result.Checks.Single().Value.Passed);
    }

    [Theory]
    [InlineData("--resolve must be HOST:PORT:ADDRESS such as example.com:443:127.0.0.1, not 'a:80'", "--resolve", "a:80")]
    [InlineData("--resolve must be HOST:PORT:ADDRESS such as example.com:443:127.0.0.1, not 'a:80:b'", "--resolve", "a:80:b")]
    [InlineData("--resolve b:80:127.0.0.1: no URL has the name b and port 80", "--resolve", "b:80:127.0.0.1")]
    [InlineData("--resolve a:81:127.0.0.1: no URL has the name a and port 81", "--resolve", "a:81:127.0.0.1")]
    [InlineData("--proxy must be a URL such as http://proxy:3128 or socks5://proxy:1080, not 'proxy:3128'", "--proxy", "proxy:3128")]
    [InlineData("--unix-socket: there is no /no/such/socket", "--unix-socket", "/no/such/socket")]
    [InlineData("--cert: /no/such/file cannot be used: ", "--cert", "/no/such/file")]
    [InlineData("--cert-password-env: there is no environment variable NO_SUCH", "--cert", "/no/such/file", "--cert-password-env",
        "NO_SUCH")]
    public async Task A_way_that_does_not_exist_is_one_line(string error, params string[] arguments)
    {
        CommandFailure failure = await Assert.ThrowsAsync<CommandFailure>(() => ParsedRun.ParseAsync(["-c", "1", .. arguments,
            "http://a/"]));
        Assert.StartsWith(error, failure.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, failure.ExitCode);
        Assert.DoesNotContain('\n', failure.Message);
    }
}
