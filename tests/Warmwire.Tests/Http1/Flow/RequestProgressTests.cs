using System.Net;
using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>How far a request is, and what its attempt and the connection make of it.</summary>
public sealed class RequestProgressTests : IConnectionOwner, IDisposable
{
    private readonly HandlerSettings _settings = new() { TimeProvider = new FakeTime() };
    private readonly ScriptedSocket _socket = new();
    private readonly Http1Connection _connection;

    public RequestProgressTests()
    {
        var dialed = new DialedStream { Stream = _socket, SocketStream = _socket, IsPlain = true, SupportsZeroByteReads = true };
        _connection = new Http1Connection(new Route(false, "server.test", 80), dialed, this, new ConnectionServices(_settings));
    }

    [Fact]
    public void A_request_without_a_body_is_done_with_its_head()
    {
        var seen = new List<Http1RequestState>();
        _socket.OnWrite = _ => seen.Add(_connection.Request.State);
        Attempt attempt = NewAttempt(Lane.Get());
        Assert.Equal((Http1RequestState.NotStarted, RequestSent.No), (_connection.Request.State, attempt.Progress.Sent));
        _ = _connection.SendAsync(attempt).AsTask();
        Assert.Equal([Http1RequestState.HandedOver], seen);
        Assert.Equal((Http1RequestState.Done, RequestSent.Fully), (_connection.Request.State, attempt.Progress.Sent));
    }

    [Fact]
    public async Task A_body_is_withheld_until_100_Continue_and_then_sent()
    {
        var content = new TaskCompletionSource();
        HttpRequestMessage request = new(HttpMethod.Post, Lane.Uri)
        {
            Content = new PushContent(async stream =>
            {
                await content.Task;
                await stream.WriteAsync("body"u8.ToArray());
            }),
        };
        request.Headers.ExpectContinue = true;
        Attempt attempt = NewAttempt(request);
        Task<HttpResponseMessage> sending = _connection.SendAsync(attempt).AsTask();
        Assert.Equal((Http1RequestState.Withheld, RequestSent.Partly), (_connection.Request.State, attempt.Progress.Sent));
        _socket.Send("HTTP/1.1 100 Continue\r\n\r\n");
        await Reaches(Http1RequestState.Sending);
        content.SetResult();
        await Reaches(Http1RequestState.Done);
        Assert.Equal(RequestSent.Fully, attempt.Progress.Sent);
        _socket.Send(Lane.Ok(""));
        Assert.Equal(HttpStatusCode.OK, (await Guard.Within(sending, () => "the response")).StatusCode);
        Assert.Equal(Http1State.Idle, _connection.State);
    }

    [Fact]
    public async Task A_body_that_the_server_refused_leaves_the_request_unfinished()
    {
        HttpRequestMessage request = new(HttpMethod.Post, Lane.Uri) { Content = new ByteArrayContent(new byte[1_000_000]) };
        request.Headers.ExpectContinue = true;
        Attempt attempt = NewAttempt(request);
        Task<HttpResponseMessage> sending = _connection.SendAsync(attempt).AsTask();
        _socket.Send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
        await Guard.Within(sending, () => "the refusal");
        await Reaches(Http1RequestState.Unfinished);
        Assert.Equal(RequestSent.Partly, attempt.Progress.Sent);
        await Eventually.IsTrue(() => _connection.State == Http1State.Closed, "a connection with half a request is closed");
        Assert.Equal(CloseReason.RequestUnfinished, _connection.ClosedFor);
    }

    [Fact]
    public async Task A_write_that_fails_is_remembered_apart_from_a_content_that_fails()
    {
        _socket.OnWrite = static socket => throw new IOException("broken");
        Attempt attempt = NewAttempt(Lane.Get());
        _ = _connection.SendAsync(attempt).AsTask();
        await Reaches(Http1RequestState.Unfinished);
        Assert.Equal("broken", _connection.Request.WriteError?.Message);
        Assert.Equal(RequestSent.Partly, attempt.Progress.Sent);
    }

#if DEBUG
    [Fact]
    public void A_move_that_is_not_in_the_drawing_is_found_out()
    {
        var progress = new Http1RequestProgress();
        Attempt attempt = NewAttempt(Lane.Get());
        progress.MoveTo(Http1RequestState.HandedOver, attempt);
        progress.MoveTo(Http1RequestState.Done, attempt);
        Assert.ThrowsAny<Exception>(() => progress.MoveTo(Http1RequestState.Sending, attempt));
    }
#endif

    public void Dispose() => _socket.Dispose();

    void IConnectionOwner.Returned(HttpConnection connection)
    {
    }

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason)
    {
    }

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack)
    {
    }

    private Attempt NewAttempt(HttpRequestMessage request) =>
        new(new AttemptRequest(request, RequestSettings.Defaults(_settings), default));

    private Task Reaches(Http1RequestState state) => Eventually.IsTrue(() => _connection.Request.State == state, $"the request is {state}");
}
