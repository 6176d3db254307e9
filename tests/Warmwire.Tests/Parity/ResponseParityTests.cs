using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What the caller gets.</summary>
public sealed class ResponseParityTests
{
    private const string OneRequest = "the only request";

    [Theory]
    [InlineData(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n"
        + "X-A: 1\r\nx-a: 2\r\nServer: a b\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n"
        + "\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\nX-T: 2\r\nX-U:\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nETag: \"a\"\r\n\r\n")]
    [InlineData("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 299 Very Well\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")]
    [InlineData("HTTP/1.1 500 \u00e4rger\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Latin: \u00e4\u00f6\u00fc\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Empty:\r\nX-Space: \t a b \t \r\nX-Empty: \r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d; path=/\r\n\r\n")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: nonsense of many words\r\n"
        + "Expires: -1\r\nLast-Modified: 0\r\nContent-Disposition: x\r\n\r\n")]
    [InlineData(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
        + "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")]
    public Task A_response_is_delivered_as_by_the_handler_of_NET(string response) =>
        ParityRun.AssertSameAsync(_ => response, async run =>
        {
            await run.SendAsync("GET", OneRequest);
            await run.SendAsync(run.Request("GET", OneRequest), HttpCompletionOption.ResponseHeadersRead);
            run.Log("connections", run.Server.Connections);
        });

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nuntil the end")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: nothing\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nb\u00e4d: name\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    public Task The_end_of_a_connection_and_bad_responses_are_told_as_by_the_handler_of_NET(string response) =>
        ParityRun.AssertSameAsync(_ => new Reply(response, Close: true), async run =>
        {
            await run.SendAsync("POST", "", new StringContent("x"));
            await run.SendAsync(run.Request("POST", "", new StringContent("x")), HttpCompletionOption.ResponseHeadersRead);
        });

    [Fact]
    public Task A_server_that_closes_without_a_response_to_a_POST() =>
        ParityRun.AssertSameAsync(_ => Reply.Nothing, run => run.SendAsync("POST", "", new StringContent("x")));

    [Fact]
    public Task HEAD_has_the_length_and_no_body() =>
        ParityRun.AssertSameAsync(_ => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Encoding: gzip\r\n\r\n", async run =>
        {
            await run.SendAsync("HEAD");
            await run.SendAsync("HEAD");
            run.Log("connections", run.Server.Connections);
        });

    [Fact]
    public Task Heads_that_are_too_long_are_refused() =>
        ParityRun.AssertSameAsync(
            _ => new Reply($"HTTP/1.1 200 OK\r\nX: {new string('x', 3000)}\r\nContent-Length: 0\r\n\r\n", Close: true),
            run => run.SendAsync("GET"),
            new { MaxResponseHeadersLength = 1 });

    public static TheoryData<string, DecompressionMethods> Codings
    {
        get
        {
            var rows = new TheoryData<string, DecompressionMethods>();
            foreach (string coding in new[] { "gzip", "deflate", "deflate raw", "br", "GZIP", "gzip, br", "identity", "unknown" })
            {
                rows.Add(coding, DecompressionMethods.All);
            }

            rows.Add("gzip", DecompressionMethods.Deflate);
            rows.Add("gzip", DecompressionMethods.None);
            rows.Add("br", DecompressionMethods.Brotli);
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Codings))]
    public Task Codings_are_undone_as_by_the_handler_of_NET(string coding, DecompressionMethods methods)
    {
        string body = coding.Split(", ").Aggregate("hello, hello, hello", Encode);
        return ParityRun.AssertSameAsync(
            _ => Reply.With(
                "200 OK",
                body,
                $"Content-Encoding: {coding.Split(' ')[0].TrimEnd(',')}{(coding.Contains(',', StringComparison.Ordinal) ? ", br" : "")}",
                "Content-MD5: x"),
            async run =>
            {
                await run.SendAsync("GET");
                await run.SendAsync(run.Request("GET"), HttpCompletionOption.ResponseHeadersRead);
                run.Log(await run.Client.GetStringAsync(run.Uri));
                using var reader = new StreamReader(await run.Client.GetStreamAsync(run.Uri));
                run.Log(await reader.ReadToEndAsync());
            },
            new { AutomaticDecompression = methods });
    }

    [Fact]
    public Task Content_that_is_not_what_its_coding_says() =>
        ParityRun.AssertSameAsync(
            _ => Reply.With("200 OK", "this is no gzip", "Content-Encoding: gzip"),
            run => run.SendAsync("GET"),
            new { AutomaticDecompression = DecompressionMethods.All });

    [Fact]
    public Task Reading_the_content_in_every_way() =>
        ParityRun.AssertSameAsync(_ => Reply.Ok("hello"), async run =>
        {
            using HttpResponseMessage buffered = await run.Client.GetAsync(run.Uri);
            run.Log(await buffered.Content.ReadAsStringAsync());
            run.Log(await buffered.Content.ReadAsStringAsync());
            using HttpResponseMessage streamed = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            Stream stream = await streamed.Content.ReadAsStreamAsync();
            run.Log("the same stream twice", ReferenceEquals(stream, await streamed.Content.ReadAsStreamAsync()));
            run.Log($"{stream.CanRead} {stream.CanWrite}");
            byte[] buffer = new byte[100];
            run.Log("read", await stream.ReadAtLeastAsync(buffer, 100, throwOnEndOfStream: false));
            run.Log("read", await stream.ReadAsync(buffer));
            using HttpResponseMessage copied = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            using var copy = new MemoryStream();
            await copied.Content.CopyToAsync(copy);
            run.Log("copied", copy.Length);
            using HttpResponseMessage loaded = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            await loaded.Content.LoadIntoBufferAsync();
            run.Log(await loaded.Content.ReadAsStringAsync() + await loaded.Content.ReadAsStringAsync());
            using HttpResponseMessage disposed = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            disposed.Dispose();
            await run.LogFailureAsync(() => disposed.Content.ReadAsStringAsync());
        });

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", 200_000)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200_000)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 100)]
    public Task A_streamed_content_is_copied_once(string head, int length) =>
        ParityRun.AssertSameAsync(_ => new Reply(head + new string('x', length), Close: true), async run =>
        {
            using HttpResponseMessage response = await run.Client.GetAsync(run.Uri, HttpCompletionOption.ResponseHeadersRead);
            using var copy = new MemoryStream();
            await response.Content.CopyToAsync(copy);
            run.Log("copied", copy.Length);
            await run.LogFailureAsync(() => response.Content.CopyToAsync(copy));
            await run.LogFailureAsync(() => response.Content.ReadAsStringAsync());
            run.Log("copied", copy.Length);
        });

    [Fact]
    public Task MaxResponseContentBufferSize_is_kept() =>
        ParityRun.AssertSameAsync(request => request.Contains("/chunked", StringComparison.Ordinal)
            ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + new string('x', 100) + "\r\n0\r\n\r\n"
            : Reply.Ok(new string('x', 100)), async run =>
        {
            run.Client.MaxResponseContentBufferSize = 99;
            await run.SendAsync("GET");
            await run.SendAsync("GET", "/chunked");
            await run.LogFailureAsync(() => run.Client.GetByteArrayAsync(run.Uri));
        });

    [Fact]
    public Task EnsureSuccessStatusCode_and_its_shortcuts() =>
        ParityRun.AssertSameAsync(_ => Reply.With("503 Busy", "later"), async run =>
        {
            await run.LogFailureAsync(() => run.Client.GetStringAsync(run.Uri));
            await run.LogFailureAsync(() => run.Client.GetStreamAsync(run.Uri));
            using HttpResponseMessage response = await run.Client.DeleteAsync(run.Uri);
            run.Log("success", response.IsSuccessStatusCode.ToString(CultureInfo.InvariantCulture));
        });

    private static string Encode(string text, string coding)
    {
        using var bytes = new MemoryStream();
        using (Stream? encoder = coding.ToUpperInvariant() switch
        {
            "GZIP" => new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true),
            "DEFLATE" => new ZLibStream(bytes, CompressionLevel.Fastest, leaveOpen: true),
            "DEFLATE RAW" => new DeflateStream(bytes, CompressionLevel.Fastest, leaveOpen: true),
            "BR" => new BrotliStream(bytes, CompressionLevel.Fastest, leaveOpen: true),
            _ => null,
        })
        {
            (encoder ?? bytes).Write(Encoding.Latin1.GetBytes(text));
        }

        return Encoding.Latin1.GetString(bytes.ToArray());
    }
}
