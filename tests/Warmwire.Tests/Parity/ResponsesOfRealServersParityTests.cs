using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>Responses that servers in the field send, odd but clear in what they mean.</summary>
public sealed class ResponsesOfRealServersParityTests
{
    // RFC 9112 §6.3 rule 1: they end at the empty line, whatever the framing fields say; so the connection can be used again.
    [Theory]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 11\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10, 11\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nContent-Length: 11\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: identity\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 204 None\r\n\r\n")]
    [Trait("Issue10", "M1-no-body-responses")]
    public Task A_response_that_has_no_body_ends_at_the_empty_line_and_its_connection_is_reused(string method, string response) =>
        ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = RawPeer.Answering(response);
            using HttpMessageInvoker invoker = stage.Invoker();
            for (int i = 1; i <= 2; i++)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), server.Uri);
                await stage.Outcome.TellResponseAsync(
                    $"response {i}", invoker.SendAsync(request, default).WaitAsync(TimeSpan.FromSeconds(3)));
            }

            stage.Outcome.TellAtMost("connections", server.Accepted);
        },
        ("response 1", Status(method, response)), ("response 2", Status(method, response)), ("connections", 1));

    // The coding of the old days that codes nothing. Go, hyper and curl had to accept it.
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", false)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\nContent-Length: 5\r\n\r\nhello", false)]
    [Trait("Issue10", "M2-te-identity")]
    public Task Transfer_Encoding_identity_is_no_coding_and_its_connection_is_not_reused(string response, bool closes) =>
        ParityScenario.AssertDifferenceAsync(
        async stage =>
        {
            await using RawServer server = Answering(response, closes);
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            await stage.Outcome.TellResponseAsync("again", invoker.SendAsync(ParityStage.Get(server.Uri), default));
            stage.Outcome.TellAtLeast("connections", server.Accepted);
        },
        ("response", "200 hello", "200 hello"), ("again", "200 hello", "200 hello"), ("connections", closes ? 2 : 1, 2));

    [Fact]
    [Trait("Issue10", "M3-206-gzip")]
    public Task A_part_of_a_gzip_body_ends_in_mid_stream_and_what_decodes_is_delivered() => ParityScenario.AssertAsync(
        async stage =>
        {
            byte[] whole = Packed(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i * 7919} ")));
            byte[] part = whole[..(whole.Length / 2)];
            string range = $"bytes 0-{part.Length - 1}/{whole.Length}";
            string head = $"HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: {range}\r\n";
            await using RawServer server =
                Answering($"{head}Content-Length: {part.Length}\r\n\r\n{Encoding.Latin1.GetString(part)}", closes: false);
            using HttpMessageInvoker invoker = stage.Invoker(new { AutomaticDecompression = DecompressionMethods.All });
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            Stream body = await response.Content.ReadAsStreamAsync();
            using var copy = new MemoryStream();
            await stage.Outcome.TellAsync("read", body.CopyToAsync(copy));
            stage.Outcome.Tell("the beginning is right",
                Encoding.ASCII.GetString(copy.ToArray()).StartsWith("0 7919 15838 ", StringComparison.Ordinal));
            stage.Outcome.TellAtLeast("bytes", copy.Length, slack: 9000);
        },
        ("read", "ok"), ("the beginning is right", true));

    [Fact]
    [Trait("Issue10", "M4-x-gzip")]
    public Task The_coding_x_gzip_is_gzip() => ParityScenario.AssertDifferenceAsync(
        stage => TellDecodedAsync(stage, "x-gzip", Packed("hello")),
        ("response", $"200 {Packed("hello").Length} bytes", "200 hello"), ("Content-Encoding left", "x-gzip", ""));

    [Fact]
    [Trait("Issue10", "M5-gzip-trailing-1f")]
    public Task A_lone_1F_behind_a_gzip_member_is_junk() => ParityScenario.AssertAsync(
        stage => TellDecodedAsync(stage, "gzip", [.. Packed("hello"), 0x1F]),
        ("response", "200 hello"));

    [Theory]
    [InlineData(" value ")]
    [InlineData("\tvalue")]
    [InlineData("value ")]
    [Trait("Issue10", "M6-h2-value-white-space")]
    public Task A_value_of_HTTP_2_with_white_space_at_an_end_is_delivered_as_with_NET(string value) => ParityScenario.AssertAsync(
        async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            await peer.AnswerNextAsync(200, "ok", ("x-test", value));
            try
            {
                using HttpResponseMessage response = await ParityStage.Soon(sending, "the response");
                stage.Outcome.Tell("value", $"[{string.Join(",", response.Headers.GetValues("x-test"))}]");
            }
            catch (Exception e)
            {
                stage.Outcome.Tell("value", ParityOutcome.Describe(e));
            }
        },
        ("value", "[value]"));

    [Theory]
    [InlineData("x test", "v")]
    [InlineData("x-test ", "v")]
    [InlineData("x-test", "a\u0001b")]
    [InlineData("x-test", "a\0b")]
    [InlineData("x-test", "a\nb")]
    [Trait("Issue10", "M7-h2-bad-fields-refused")]
    public async Task White_space_in_a_name_and_control_characters_in_a_value_are_still_refused(string name, string value)
    {
        (_, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            using HttpMessageInvoker invoker = stage.InvokerOverMemory();
            Task<HttpResponseMessage> sending = invoker.SendAsync(ParityStage.Http2(HttpMethod.Get), default);
            Http2Peer peer = await stage.AcceptHttp2Async();
            PeerRequest request = await peer.ReadRequestAsync();
            await peer.SendHeadersAsync(request.StreamId, [(":status", "200"), (name, value)], endStream: true);
            await stage.Outcome.TellResponseAsync("response", ParityStage.Soon(sending, "the response"));
        });
        if (value.Any(c => c is '\0' or '\n') || name.Contains(' ', StringComparison.Ordinal))
        {
            Assert.StartsWith("HttpRequestException(", ours["response"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "HTTP/1.1")]
    [InlineData("HTTP/1.0 400 Bad Request\r\n\r\n", "HTTP/1")]
    [Trait("Issue10", "M8-h1-answer-to-h2")]
    public async Task A_server_that_answers_an_HTTP_2_preface_with_HTTP_1_is_told_in_words(string answer, string word)
    {
        await using RawServer server = Answering(answer, closes: true);
        Exception e = await FailAsync(ParityStage.Http2(HttpMethod.Get, uri: server.Uri.AbsoluteUri));
        Assert.Contains(word, Messages(e), StringComparison.Ordinal);
        Assert.Contains("server speaks", Messages(e), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("4740180", Messages(e), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Issue10", "M9-tls-to-plain")]
    public async Task TLS_to_a_port_without_TLS_is_told_in_words()
    {
        await using var server = new RawServer(async (stream, _, token) =>
        {
            await stream.ReadExactlyAsync(new byte[1], token);
            await RawPeer.WriteAsync(stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", token);
        });
        Exception e = await FailAsync(ParityStage.Get($"https://localhost:{server.Port}/"));
        Assert.Matches("(?i)does not (speak|use) TLS|without TLS|no TLS|not TLS|plain", Messages(e));
    }

    [Fact]
    [Trait("Issue10", "M10-plain-to-tls")]
    public async Task HTTP_to_a_TLS_port_is_told_in_words()
    {
        // An alert, as TLS servers answer what is no handshake: handshake_failure or unexpected_message.
        await using RawServer server = Answering("\u0015\u0003\u0003\u0000\u0002\u0002\u000a", closes: true);
        Exception e = await FailAsync(ParityStage.Get(server.Uri));
        Assert.Matches("(?i)speaks TLS|expects TLS|uses TLS|https", Messages(e));
    }

    [Fact]
    [Trait("Issue10", "M11-http-to-h2c")]
    public async Task HTTP_1_to_a_port_that_speaks_only_HTTP_2_is_told_in_words()
    {
        // SETTINGS and GOAWAY, as nghttpd and Kestrel answer a request line.
        await using RawServer server = Answering("\0\0\0\u0004\0\0\0\0\0" + "\0\0\u0008\u0007\0\0\0\0\0\0\0\0\0\0\0\0\u0001", closes: true);
        Exception e = await FailAsync(ParityStage.Get(server.Uri));
        Assert.Contains("HTTP/2", Messages(e), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Issue10", "M12-many-header-lines")]
    public async Task More_header_lines_than_allowed_are_ConfigurationLimitExceeded_and_the_number_can_be_set()
    {
        await using RawServer server = Answering(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + string.Concat(Enumerable.Range(0, 1500).Select(i => $"X-{i}: 1\r\n")) + "\r\nok",
                closes: false);
        using (HttpResponseMessage response = await SendAsync(new SocketsHttpHandler { UseProxy = false }))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        HttpRequestException e =
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => SendAsync(new PooledHttpHandler { UseProxy = false }));
        Assert.Equal(HttpRequestError.ConfigurationLimitExceeded, e.HttpRequestError);
        System.Reflection.PropertyInfo? setting = typeof(PooledHttpHandler).GetProperties().SingleOrDefault(
            property => property.PropertyType == typeof(int) && property.Name.Contains("Header", StringComparison.Ordinal)
                && property.Name != nameof(PooledHttpHandler.MaxResponseHeadersLength));
        Assert.True(setting is not null, "There is no setting for the number of header lines.");
        var handler = new PooledHttpHandler { UseProxy = false };
        setting.SetValue(handler, 2000);
        using HttpResponseMessage adjusted = await SendAsync(handler);
        Assert.Equal(HttpStatusCode.OK, adjusted.StatusCode);

        async Task<HttpResponseMessage> SendAsync(HttpMessageHandler handler)
        {
            using var client = new HttpClient(handler);
            return await client.GetAsync(server.Uri);
        }
    }

    // Lengths of chunks are padded with zeros by servers that leave room for the number.
    [Theory]
    [InlineData("00000000000000000005\r\nhello\r\n0\r\n\r\n")]
    [InlineData("5\r\nhello\r\n00000000000000000000\r\n\r\n")]
    [Trait("Issue10", "M13-chunk-size-zeros")]
    public Task A_chunk_size_may_be_padded_with_zeros(string body) => ParityScenario.AssertAsync(
        async stage =>
        {
            await using RawServer server = Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, closes: false);
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.Uri), default));
        },
        ("response", "200 hello"));

    // RFC 9112 §7.1 has no place for them; servers send them all the same. limits.md says what is decided: this shows both.
    [Theory]
    [InlineData("5;\r\nhello\r\n0\r\n\r\n")]
    [InlineData("5 \r\nhello\r\n0\r\n\r\n")]
    [InlineData("5  ;a=b\r\nhello\r\n0\r\n\r\n")]
    [InlineData("5\t\r\nhello\r\n0\r\n\r\n")]
    [Trait("Issue10", "R6-chunk-size-grammar")]
    public async Task What_stands_behind_a_chunk_size_is_decided_and_written_down(string body)
    {
        (_, ParityOutcome ours) = await ParityScenario.PlayBothAsync(async stage =>
        {
            await using RawServer server = Answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, closes: false);
            using HttpMessageInvoker invoker = stage.Invoker();
            await stage.Outcome.TellResponseAsync("response", invoker.SendAsync(ParityStage.Get(server.Uri), default));
        });
        Assert.True(ours["response"] is "200 hello" || ours["response"].Contains("InvalidResponse", StringComparison.Ordinal),
            ours["response"]);
        string limits = await File.ReadAllTextAsync(Repository.Path("docs/limits.md"));
        Assert.Contains("9112 §7.1", limits, StringComparison.Ordinal);
    }

    private static string Status(string method, string response) =>
        method == "HEAD" ? "200" : response.Contains("HTTP/1.1 304", StringComparison.Ordinal) ? "304" : "204";

    private static async Task TellDecodedAsync(ParityStage stage, string coding, byte[] body)
    {
        await using RawServer server = Answering(
            $"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {body.Length}\r\n\r\n{Encoding.Latin1.GetString(body)}",
                closes: false);
        using HttpMessageInvoker invoker = stage.Invoker(new { AutomaticDecompression = DecompressionMethods.All });
        try
        {
            using HttpResponseMessage response = await invoker.SendAsync(ParityStage.Get(server.Uri), default);
            stage.Outcome.Tell("Content-Encoding left", string.Join(",", response.Content.Headers.ContentEncoding));
            byte[] bytes = await response.Content.ReadAsByteArrayAsync();
            stage.Outcome.Tell("response",
                $"{(int)response.StatusCode} {(bytes.Length == 5 ? Encoding.ASCII.GetString(bytes) : $"{bytes.Length} bytes")}");
        }
        catch (Exception e)
        {
            stage.Outcome.Tell("response", ParityOutcome.Describe(e));
        }
    }

    private static byte[] Packed(string text)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.ASCII.GetBytes(text));
        }

        return bytes.ToArray();
    }

    private static RawServer Answering(string response, bool closes) => new(async (stream, _, token) =>
    {
        if (!closes)
        {
            await RawPeer.AnswerAllAsync(stream, response, token);
        }
        else if (await RawPeer.ReadHeadAsync(stream, token) is not null)
        {
            await RawPeer.WriteAsync(stream, response, token);
            stream.Socket.Shutdown(SocketShutdown.Send);
            await RawPeer.CountAsync(stream, long.MaxValue, token);
        }
    });

    private static async Task<Exception> FailAsync(HttpRequestMessage request)
    {
        using var handler = new PooledHttpHandler { UseProxy = false };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        return await Assert.ThrowsAnyAsync<Exception>(() => Guard.Within(invoker.SendAsync(request, default), () => "hangs"));
    }

    private static string Messages(Exception? e)
    {
        var all = new StringBuilder();
        for (; e is not null; e = e.InnerException)
        {
            all.AppendLine(e.Message);
        }

        return all.ToString();
    }
}
