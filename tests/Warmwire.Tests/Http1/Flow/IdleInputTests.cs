using System.Text;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>A connection of an event loop is told of input in each of its states; the test decides when.</summary>
public sealed class IdleInputTests
{
    private const string Evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Bytes_or_the_end_close_an_idle_connection_whether_notice_or_lease_comes_first(bool bytes, bool told) => Lane.Run(lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        Come(socket, bytes, told);
        if (!told)
        {
            // Longer than what the last read can vouch for.
            lane.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        lane.Exchange("clean");
        Assert.Equal(2, lane.Dialed);
        lane.AssertClosed(bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed);
        Assert.True(socket.IsClosed);
    });

    [Fact]
    public void A_reset_while_it_is_idle() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        socket.Reset();
        lane.AssertClosed(CloseReason.ServerClosed);
        lane.Exchange("clean");
        Assert.Equal(2, lane.Dialed);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void In_one_piece_with_the_answer(bool bytes) => Lane.Run(lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        socket.Send(Lane.Ok("answer"), tell: false);
        Come(socket, bytes, tell: true);
        Assert.Equal("answer", Lane.TextOf(sent));
        lane.AssertClosed(bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed);
        lane.Exchange("clean");
        Assert.Equal(2, lane.Dialed);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_a_request_is_written_only_what_comes_behind_it_is_its_answer(bool bytes) => Lane.Run(lane =>
    {
        // During the exchange the notice is left to its read: bytes are its answer, the end is the server's, and the request goes to
        // another connection.
        ScriptedSocket socket = lane.WarmUp();
        socket.OnWrite = s => Come(s, bytes, tell: true, Lane.Ok("answer"));
        Task<HttpResponseMessage> sent = lane.Send();
        if (bytes)
        {
            Assert.Equal("answer", Lane.TextOf(sent));
            Assert.Equal((1, 1), (lane.Dialed, lane.Origin.Idle));
            return;
        }

        Lane.WaitFor(() => lane.Dialed == 2, "the replay");
        lane.Answer(Lane.Ok("clean"));
        Assert.Equal("clean", Lane.TextOf(sent));
        lane.AssertClosed(CloseReason.ServerClosed);
    });

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void Between_the_lease_and_the_write(bool bytes, bool refused)
    {
        ScriptedSocket? socket = null;
        Lane.Run(
            lane =>
            {
                lane.WarmUp();
                socket = lane.Socket;
                HttpRequestMessage request = Lane.Get();
                request.Headers.TryAddWithoutValidation("x", refused ? "\u00e9" : "a");
                Task<HttpResponseMessage> sent = lane.Send(request);
                if (refused)
                {
                    Lane.Fails<TransportException>(sent);
                }
                else
                {
                    Lane.WaitFor(() => lane.Dialed == 2, "another connection");
                    lane.Answer(Lane.Ok("clean"));
                    Assert.Equal("clean", Lane.TextOf(sent));
                }

                lane.AssertClosed(bytes ? CloseReason.UnsolicitedData : CloseReason.ServerClosed);
                lane.Exchange("and clean");
                Assert.Equal(2, lane.Dialed);
            },
            handler => handler.RequestHeaderEncodingSelector = (_, _) =>
            {
                // The head is being formatted: the connection is leased, and nothing is written.
                if (Interlocked.Exchange(ref socket, null) is { } leased)
                {
                    Come(leased, bytes, tell: true);
                }

                return null;
            });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void While_the_body_is_not_read_the_end_waits_for_the_read(bool whole) => Lane.Run(lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        using HttpResponseMessage response = Lane.Done(sent);
        socket.Send(whole ? "hello" : "hel");
        socket.End();
        Assert.Equal((1, 0), (lane.Origin.Open, lane.Origin.ClosedBy.Count));
        Task<string> text = response.Content.ReadAsStringAsync();
        if (whole)
        {
            Assert.Equal("hello", Lane.Done(text));
        }
        else
        {
            Lane.Fails<TransportException>(text);
        }

        lane.AssertClosed(CloseReason.ServerClosed);
        lane.Exchange("clean");
        Assert.Equal(2, lane.Dialed);
    });

    [Fact]
    public void A_body_until_the_end_ends_there_although_nobody_read_when_it_came() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Answer("HTTP/1.1 200 OK\r\n\r\nhel");
        using HttpResponseMessage response = Lane.Done(sent);
        socket.Send("lo");
        socket.End();
        Assert.Equal("hello", Lane.TextOf(sent));
        lane.AssertClosed(CloseReason.BodyEndedByClose);
    });

    [Theory]
    [InlineData("", CloseReason.ServerClosed)]
    [InlineData("lo", CloseReason.ServerClosed)]
    [InlineData("lo" + Evil, CloseReason.UnsolicitedData)]
    public void While_a_drain_reads_it_sees_them(string rest, CloseReason reason) => Lane.Run(lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        Task<HttpResponseMessage> sent = lane.Send();
        lane.Answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
        Lane.Done(sent).Dispose();
        Assert.Equal("Draining", Assert.Single(lane.Origin.Connections).State);
        socket.Send(rest, tell: false);
        socket.End();
        lane.AssertClosed(reason);
        lane.Exchange("clean");
        Assert.Equal(2, lane.Dialed);
    });

    [Fact]
    public void A_notice_that_is_overtaken_by_a_whole_exchange_does_not_take_the_connection_from_its_next_rest() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();

        // The word of bytes that an earlier read has taken. While it asks the socket, another request comes and goes, whose answer it sees.
        socket.WithinNextQuestion = () =>
        {
            Task<HttpResponseMessage> sent = lane.Send();
            lane.Answer(Lane.Ok("answer"));
            Assert.Equal("answer", Lane.TextOf(sent));
        };
        socket.Tell();
        Assert.Null(socket.WithinNextQuestion);
        lane.Exchange("next");
        Assert.Equal((1, 1, 0), (lane.Dialed, lane.Origin.Idle, lane.Origin.ClosedBy.Count));
    });

    [Fact]
    public void Word_of_nothing_while_it_is_idle_changes_nothing() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        for (int i = 0; i < 3; i++)
        {
            socket.Tell();
            lane.Exchange($"answer {i}");
        }

        Assert.Equal((1, 1, 0), (lane.Dialed, lane.Origin.Idle, lane.Origin.ClosedBy.Count));
    });

    private static void Come(ScriptedSocket socket, bool bytes, bool tell, string text = Evil)
    {
        if (bytes)
        {
            socket.Send(Encoding.Latin1.GetBytes(text), tell);
        }
        else
        {
            socket.End(tell);
        }
    }
}
