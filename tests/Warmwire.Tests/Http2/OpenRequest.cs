using Warmwire.Tests.Http1.Flow;
using Warmwire.Tests.Kit;
using Warmwire.Tests.Kit.Http2;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>A request that is with its peer.</summary>
internal sealed record OpenRequest(Http2Peer Peer, PeerRequest Request, Task<HttpResponseMessage> Sending)
{
    public int StreamId => Request.StreamId;

    /// <summary>Answers it, and reads the answer.</summary>
    public async Task AnswerAsync(string body = "ok")
    {
        await Peer.AnswerAsync(StreamId, 200, body);
        using HttpResponseMessage response = await Sending;
        Assert.Equal(body, await response.ReadTextAsync());
    }

    /// <summary>Takes so much of the content that the first windows are used up; <see cref="Http2Peer.GivesCredit"/> is off.</summary>
    public async Task TakeFirstWindowAsync()
    {
        for (int received = 0; received < PeerWindows.Default;)
        {
            received += (await Peer.ReadDataAsync(StreamId)).Payload.Length;
        }
    }

    /// <summary>Sends a head without an end; the response as the caller has it then.</summary>
    public async Task<HttpResponseMessage> AnswerHeadAsync(params (string Name, string Value)[] fields)
    {
        await Peer.SendHeadAsync(StreamId, 200, fields);
        return await Sending;
    }

    /// <summary>The response with all of its body, or the failure of either.</summary>
    public async Task<string> ReadResponseAsync()
    {
        using HttpResponseMessage response = await Sending;
        return await response.ReadTextAsync();
    }
}

internal static class ResponseReading
{
    /// <summary>The rest of the body, read piece by piece, so that a failure is the stream's own.</summary>
    public static async Task<string> ReadTextAsync(this HttpResponseMessage response) => WireBytes.Text(await response.ReadBytesAsync());

    public static async Task<byte[]> ReadBytesAsync(this HttpResponseMessage response)
    {
        using var copy = new MemoryStream();
        Stream body = await response.Content.ReadAsStreamAsync();
        await Guard.Within(body.CopyToAsync(copy), () => "the end of the body");
        return copy.ToArray();
    }
}
