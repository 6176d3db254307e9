using Warmwire.Connections;
using Warmwire.Http1.Flow;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// A response is complete before the writer of its request has come back; the caller waits a moment, so that the connection is free behind
/// it.
/// </summary>
public sealed class WriterBehindTests : IConnectionOwner, IDisposable
{
    private readonly HandlerSettings _settings = new() { TimeProvider = new FakeTime() };
    private readonly ScriptedSocket _socket = new();
    private readonly GatedStream _stream;
    private readonly Http1Connection _connection;
    private int _returned;

    public WriterBehindTests()
    {
        _stream = new GatedStream(_socket);
        var dialed = new DialedStream { Stream = _stream };
        _connection = new Http1Connection(new Route(false, "server.test", 80), dialed, this, new ConnectionServices(_settings));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task The_caller_waits_for_the_writer_of_its_own_request(int status)
    {
        // A refusal has its head taken; a success is not delivered beside a request that is not out.
        Http1State waiting = status == 200 ? Http1State.Exchange : Http1State.Finishing;
        Task<HttpResponseMessage> first = Send();
        bool isLate = false;
        Answer("first", () => isLate = _connection.State == waiting, status);
        Assert.True(isLate);
        Assert.False(first.IsCompleted);
        _stream.ReleaseWrites();
        using HttpResponseMessage response = await Guard.Within(first, () => "the response");
        Assert.Equal(1, _returned);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task The_writer_comes_back_as_the_wait_for_it_begins_and_the_next_exchange_waits_for_its_own(int status)
    {
        Task<HttpResponseMessage> first = Send();
        bool secondWaits = false;
        Task<HttpResponseMessage>? second = null;

        // Between the decision to wait and the wait: all of the first exchange's end, and the next exchange up to its own wait.
        Answer("first", () =>
        {
            _stream.ReleaseWrites();
            Lane.WaitFor(() => Volatile.Read(ref _returned) == 1, "the connection is idle");
            Assert.True(_connection.TryLease(TimeSpan.Zero));
            second = Send();
            Answer("second", () => Volatile.Write(ref secondWaits, true), status);
            Lane.WaitFor(() => Volatile.Read(ref secondWaits), "the second response is complete");
        }, status);
        using HttpResponseMessage response = await Guard.Within(first, () => "the first response, which has nothing to wait for");
        Assert.Equal("first", await response.Content.ReadAsStringAsync());
        Assert.False(second!.IsCompleted);
        _stream.ReleaseWrites();
        using HttpResponseMessage next = await Guard.Within(second, () => "the second response");
        Assert.Equal("second", await next.Content.ReadAsStringAsync());
        Assert.Equal(2, _returned);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    void IConnectionOwner.Returned(HttpConnection connection) => Interlocked.Increment(ref _returned);

    void IConnectionOwner.Closed(HttpConnection connection, CloseReason reason) => Assert.Fail($"closed for {reason}");

    void IConnectionOwner.ResponseLeaked(HttpConnection connection, string? stack) => Assert.Fail("leaked");

    /// <summary>A request that is with the server, and whose writer has not come back.</summary>
    private Task<HttpResponseMessage> Send()
    {
        _stream.HoldWrites();
        Task<HttpResponseMessage> sending =
            _connection.SendAsync(new Attempt(new AttemptRequest(Lane.Get(), RequestSettings.Defaults(_settings), default))).AsTask();
        Lane.WaitFor(() => _socket.TakeWritten().EndsWith("\r\n\r\n", StringComparison.Ordinal), "the request is with the server");
        Lane.WaitFor(() => _socket.IsReading, "the client reads");
        return sending;
    }

    private void Answer(string body, Action atWait, int status)
    {
        _connection.WaitsForWriter = () =>
        {
            _connection.WaitsForWriter = null;
            atWait();
        };
        _socket.Send(status == 200 ? Lane.Ok(body) : $"HTTP/1.1 {status} No\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }
}
