using System.Net.Http.Json;
using System.Text;
using Warmwire.Exchange;
using Warmwire.Runtime;
using Xunit;

namespace Warmwire.Tests.Exchange;

public sealed class ContentReplayTests
{
    public static TheoryData<string, bool> Contents => new()
    {
        { "none", true },
        { "bytes", true },
        { "memory", true },
        { "string", true },
        { "form", true },
        { "json", true },
        { "json of an asynchronous sequence", false },
        { "multipart of strings", true },
        { "multipart of a multipart of a one-way stream", false },
        { "empty multipart", true },
        { "seekable stream", true },
        { "one-way stream", false },
        { "closed stream", false },
        { "derived from StreamContent", false },
        { "unknown", false },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void Only_what_is_known_to_come_out_the_same_can_be_produced_again(string kind, bool expected) =>
        Assert.Equal(expected, ContentReplay.CanProduceAgain(Make(kind)));

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task What_can_be_produced_again_is_the_same_the_second_time(string kind, bool expected)
    {
        if (expected && Make(kind) is { } content)
        {
            Assert.Equal(await Write(content), await Write(content));
        }

        static async Task<string> Write(HttpContent content)
        {
            using MemoryStream target = new();
            await content.CopyToAsync(target, TestContext.Current.CancellationToken);
            return Encoding.UTF8.GetString(target.ToArray());
        }
    }

    [Fact]
    public async Task A_stream_starts_over_where_it_stood_when_its_content_was_made()
    {
        MemoryStream stream = new([1, 2, 3, 4]) { Position = 2 };
        StreamContent content = new(stream);
        using MemoryStream target = new();
        await content.CopyToAsync(target, TestContext.Current.CancellationToken);
        Assert.True(ContentReplay.CanProduceAgain(content));
        await content.CopyToAsync(target, TestContext.Current.CancellationToken);
        Assert.Equal([3, 4, 3, 4], target.ToArray());
    }

    [Fact]
    public void Asking_leaves_the_content_as_it_was()
    {
        StreamContent content = new(new MemoryStream([1, 2, 3]));
        ContentReplay.CanProduceAgain(content);
        Assert.Empty(content.Headers.NonValidated);
    }

    [Fact]
    public void This_runtime_has_the_fields_that_are_read() =>
        Assert.True(FrameworkFields.ContentIsKnown && FrameworkFields.OptionsAreKnown && FrameworkFields.HeadersAreKnown);

    private static HttpContent? Make(string kind) => kind switch
    {
        "none" => null,
        "bytes" => new ByteArrayContent([1, 2, 3]),
        "memory" => new ReadOnlyMemoryContent(new byte[] { 1, 2, 3 }),
        "string" => new StringContent("abc"),
        "form" => new FormUrlEncodedContent([new("a", "b")]),
        "json" => JsonContent.Create(new { a = 1 }),
        "json of an asynchronous sequence" => JsonContent.Create(Sequence()),
        "multipart of strings" => new MultipartFormDataContent { { new StringContent("a"), "a" }, { new StringContent("b"), "b" } },
        "multipart of a multipart of a one-way stream" =>
            new MultipartContent { new StringContent("a"), new MultipartContent { new StreamContent(new OneWayStream([1])) } },
        "empty multipart" => new MultipartContent(),
        "seekable stream" => new StreamContent(new MemoryStream([1, 2, 3])),
        "one-way stream" => new StreamContent(new OneWayStream([1, 2, 3])),
        "closed stream" => new StreamContent(Closed()),
        "derived from StreamContent" => new Derived(),
        _ => new Unknown(),
    };

    private static MemoryStream Closed()
    {
        MemoryStream stream = new();
        stream.Dispose();
        return stream;
    }

    private static async IAsyncEnumerable<string> Sequence()
    {
        await Task.Yield();
        yield return "a";
    }

    private sealed class Derived() : StreamContent(new MemoryStream());

    private sealed class Unknown : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return true;
        }
    }
}
