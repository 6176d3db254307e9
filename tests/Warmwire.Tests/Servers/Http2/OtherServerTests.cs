using System.Net;
using Xunit;

namespace Warmwire.Tests.Servers.Http2;

/// <summary>Against nginx, h2o and nghttpd, where they are installed.</summary>
public sealed class OtherServerTests
{
    public static TheoryData<string, bool> Servers =>
        new() { { "nginx", false }, { "nginx", true }, { "h2o", false }, { "h2o", true }, { "nghttpd", false }, { "nghttpd", true } };

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Files_of_every_size(string name, bool tls)
    {
        await using ChildServer server = await StartAsync(name, tls);
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(server.Uri, "small"));
            Assert.Equal(
                (HttpVersion.Version20, HttpStatusCode.OK, 5),
                (response.Version, response.StatusCode, response.Content.Headers.ContentLength));
            Assert.Equal("small", await response.Content.ReadAsStringAsync());
            Assert.Equal("", await client.GetStringAsync(new Uri(server.Uri, "empty")));
            Assert.Equal(ChildServer.Large, await client.GetByteArrayAsync(new Uri(server.Uri, "large")));
        }
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_head_without_body_and_a_file_that_is_not_there(string name, bool tls)
    {
        await using ChildServer server = await StartAsync(name, tls);
        using HttpClient client = Subject.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(server.Uri, "large"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage head = await client.SendAsync(request);
        Assert.Equal(ChildServer.Large.Length, head.Content.Headers.ContentLength);
        Assert.Equal("", await head.Content.ReadAsStringAsync());
        using HttpResponseMessage missing = await client.GetAsync(new Uri(server.Uri, "missing"));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("small", await client.GetStringAsync(new Uri(server.Uri, "small")));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Many_requests_at_once(string name, bool tls)
    {
        await using ChildServer server = await StartAsync(name, tls);
        using HttpClient client = Subject.CreateClient();
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => client.GetStringAsync(new Uri(server.Uri, "small"))));
        Assert.All(answers, answer => Assert.Equal("small", answer));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Large_bodies_at_once_some_of_them_given_up(string name, bool tls)
    {
        await using ChildServer server = await StartAsync(name, tls);
        using HttpClient client = Subject.CreateClient();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            if (i % 2 == 0)
            {
                Assert.Equal(ChildServer.Large, await client.GetByteArrayAsync(new Uri(server.Uri, "large")));
                return;
            }

            using HttpResponseMessage response =
                await client.GetAsync(new Uri(server.Uri, "large"), HttpCompletionOption.ResponseHeadersRead);
            Stream body = await response.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[i * 1000]);
        }));
        Assert.Equal("small", await client.GetStringAsync(new Uri(server.Uri, "small")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_takes_ten_requests_a_connection_is_asked_a_hundred(bool atOnce)
    {
        await using ChildServer server = await ChildServer.StartNginxAsync(tls: false, perConnection: 10);
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 5; i++)
        {
            if (atOnce)
            {
                await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AskAsync()));
            }
            else
            {
                for (int j = 0; j < 20; j++)
                {
                    await AskAsync();
                }
            }
        }

        async Task AskAsync() => Assert.Equal("small", await client.GetStringAsync(new Uri(server.Uri, "small")));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(5_000_000)]
    public async Task An_upload_that_the_server_does_not_want_gets_its_answer(int length)
    {
        await using ChildServer server = await ChildServer.StartNginxAsync(tls: false);
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage response = await client.PostAsync(new Uri(server.Uri, "discard"), new ByteArrayContent(new byte[length]));
        Assert.Equal("discarded", await response.Content.ReadAsStringAsync());
        Assert.Equal("small", await client.GetStringAsync(new Uri(server.Uri, "small")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50_000)]
    public async Task An_upload_comes_back(int length)
    {
        await using ChildServer server = await ChildServer.StartNghttpdAsync(tls: false, "--echo-upload");
        using HttpClient client = Subject.CreateClient();
        byte[] body = ChildServer.Large[..length];
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.PostAsync(new Uri(server.Uri, "upload"), new ByteArrayContent(body));
            Assert.Equal(body, await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task Padding_trailers_one_stream_and_a_small_table()
    {
        await using ChildServer server = await ChildServer.StartNghttpdAsync(
            tls: false, "--padding=200", "--trailer=x-sum: 1", "--max-concurrent-streams=1", "--encoder-header-table-size=100");
        using HttpClient client = Subject.CreateClient();
        using HttpResponseMessage first = await client.GetAsync(new Uri(server.Uri, "large"));
        Assert.Equal(ChildServer.Large, await first.Content.ReadAsByteArrayAsync());
        Assert.Equal("1", Assert.Single(first.TrailingHeaders.GetValues("x-sum")));
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetStringAsync(new Uri(server.Uri, "small"))));
        Assert.All(answers, answer => Assert.Equal("small", answer));
    }

    [Fact]
    public async Task A_server_that_keeps_no_table_is_told_that_ours_is_empty()
    {
        // It insists on RFC 9113 §4.3.1; the handler of .NET does not do it.
        await using ChildServer server = await ChildServer.StartNghttpdAsync(tls: false, "--header-table-size=0");
        using HttpClient client = Subject.CreateClient();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("small", await client.GetStringAsync(new Uri(server.Uri, "small")));
        }
    }

    private static Task<ChildServer> StartAsync(string name, bool tls) => name switch
    {
        "nginx" => ChildServer.StartNginxAsync(tls),
        "h2o" => ChildServer.StartH2oAsync(tls),
        _ => ChildServer.StartNghttpdAsync(tls),
    };
}
