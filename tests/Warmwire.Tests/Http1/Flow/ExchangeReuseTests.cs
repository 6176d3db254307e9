using System.Net;
using Xunit;

namespace Warmwire.Tests.Http1.Flow;

/// <summary>
/// The objects of an exchange are used again where nobody else can know them, and only there: what comes late, a token, a timeout, a
/// content, harms no later request.
/// </summary>
public sealed class ExchangeReuseTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    private static readonly Dictionary<string, (Func<HttpRequestMessage> Request, string Answer)> s_cases = new()
    {
        ["length"] = (() => Lane.Get(), Lane.Ok("hello")),
        ["no body"] = (() => Lane.Get(), Lane.Ok("")),
        ["chunked"] = (() => Lane.Get(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ["204"] = (() => Lane.Get(), "HTTP/1.1 204 No Content\r\n\r\n"),
        ["304"] = (() => Lane.Get(), "HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\n\r\n"),
        ["HEAD"] = (() => new HttpRequestMessage(HttpMethod.Head, Lane.Uri), "HTTP/1.1 200 OK\r\nContent-Length: 7000\r\n\r\n"),
        ["interim"] = (() => Lane.Get(), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ["small upload"] = (() => Post(new ByteArrayContent(new byte[100])), Lane.Ok("hello")),
        ["the server closes"] = (() => Lane.Get(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
        ["we close"] = (() => Closing(), Lane.Ok("hello")),
        ["1.0 keep-alive"] = (() => Lane.Get(), "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
        ["1.0"] = (() => Lane.Get(), "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ["traced"] = (() => With(TransportOptions.Trace, new RequestTrace()), Lane.Ok("hello")),
        ["total time"] = (() => With(TransportOptions.Timeout, s_limit), Lane.Ok("hello")),
        ["trailers"] = (() => Lane.Get(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n"),
        ["until the end"] = (() => Lane.Get(), "HTTP/1.1 200 OK\r\n\r\nhello"),
    };

    // ---- What is kept -----------------------------------------------------------------------------------------------

    [Theory]
    [InlineData("length")]
    [InlineData("no body")]
    [InlineData("chunked")]
    [InlineData("204")]
    [InlineData("304")]
    [InlineData("HEAD")]
    [InlineData("interim")]
    [InlineData("small upload")]
    [InlineData("1.0 keep-alive")]
    public void An_ordinary_exchange_is_used_again(string name) => Lane.Run(
        lane =>
        {
            lane.WarmUp();
            (object? attempt, object? exchange) = (Lane.SpareAttempt, Lane.SpareExchange);
            using var cancel = new CancellationTokenSource();
            (Func<HttpRequestMessage> request, string answer) = s_cases[name];
            for (int i = 0; i < 3; i++)
            {
                Task<HttpResponseMessage> sent = lane.Send(request(), cancel.Token);
                Assert.Null(Lane.SpareAttempt);
                Assert.Null(Lane.SpareExchange);
                lane.Answer(answer);
                using HttpResponseMessage response = Lane.Done(sent);
                Assert.Same(attempt, Lane.SpareAttempt);
                Assert.Same(exchange, Lane.SpareExchange);
            }

            cancel.Cancel();
            lane.Time.Advance(10 * s_limit);
            lane.Exchange("next");
            Assert.Equal((1, 1, 0), (lane.Dialed, lane.Origin.Idle, lane.Origin.ClosedBy.Count));
        },
        static handler => handler.ResponseHeadersTimeout = s_limit);

    [Theory]
    [InlineData("the server closes", CloseReason.ConnectionCloseHeader)]
    [InlineData("we close", CloseReason.ConnectionCloseHeader)]
    [InlineData("1.0", CloseReason.Http10)]
    [InlineData("until the end", CloseReason.BodyEndedByClose)]
    [InlineData("traced", null)]
    [InlineData("total time", null)]
    [InlineData("trailers", null)]
    public void Any_other_is_not(string name, CloseReason? closes) => Lane.Run(lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        (object? attempt, object? exchange) = (Lane.SpareAttempt, Lane.SpareExchange);
        (Func<HttpRequestMessage> request, string answer) = s_cases[name];
        Task<HttpResponseMessage> sent = lane.Send(request());
        lane.Answer(answer);
        if (closes == CloseReason.BodyEndedByClose)
        {
            socket.End();
        }

        Assert.Equal("hello", Lane.TextOf(sent));
        Assert.False(ReferenceEquals(attempt, Lane.SpareAttempt) && ReferenceEquals(exchange, Lane.SpareExchange), "both were kept");
        if (closes is { } reason)
        {
            Assert.Null(Lane.SpareExchange);
            lane.AssertClosed(reason);
        }

        lane.Time.Advance(10 * s_limit);
        lane.Exchange("next");
        lane.Exchange("and the one after it");
        Assert.Equal(closes is null ? 1 : 2, lane.Dialed);
    });

    [Fact]
    public void What_was_counted_for_one_response_is_not_counted_for_the_next() => Lane.Run(
        static lane =>
        {
            lane.WarmUp();
            object? exchange = Lane.SpareExchange;

            // 60 of at most 100 interim responses each, and two thirds of what heads may have.
            string interim = string.Concat(Enumerable.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 60));
            string answer = $"{interim}HTTP/1.1 200 OK\r\nx: {new string('x', 1000)}\r\nContent-Length: 0\r\n\r\n";
            for (int i = 0; i < 4; i++)
            {
                Task<HttpResponseMessage> sent = lane.Send();
                lane.Answer(answer);
                Lane.Done(sent).Dispose();
                Assert.Same(exchange, Lane.SpareExchange);
            }
        },
        static handler => handler.MaxResponseHeadersLength = 4);

    [Fact]
    public void An_exchange_serves_another_handler_after_its_own_was_disposed() => Lane.Run(
        static lane =>
        {
            lane.WarmUp();
            object? exchange = Lane.SpareExchange;
            using var other = new Lane(static handler => handler.ResponseHeadersTimeout = 2 * s_limit);
            other.WarmUp();
            Task<HttpResponseMessage> mine = lane.Send();
            Task<HttpResponseMessage> others = other.Send();
            lane.Handler.Dispose();
            Lane.Fails<TransportException>(mine);
            lane.Time.Advance(10 * s_limit);
            Assert.False(others.IsCompleted);
            other.Answer(Lane.Ok("fine"));
            Assert.Equal("fine", Lane.TextOf(others));
            Assert.NotSame(exchange, Lane.SpareExchange);

            // Its deadline is one of the other's.
            others = other.Send();
            other.Time.Advance(2 * s_limit);
            Assert.True(Lane.Fails<TransportException>(others).IsTimeout);
        },
        static handler => handler.ResponseHeadersTimeout = s_limit);

    // ---- Tokens -----------------------------------------------------------------------------------------------------

    [Fact]
    public void A_token_that_fires_after_its_response_does_not_cancel_the_next_request() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> first = lane.Send(cancel.Token);
        lane.Answer(Lane.Ok("first"));
        Task<HttpResponseMessage> second = lane.Send();
        cancel.Cancel();
        Assert.False(second.IsCompleted);
        lane.Answer(Lane.Ok("second"));
        Assert.Equal(("first", "second"), (Lane.TextOf(first), Lane.TextOf(second)));
    });

    [Fact]
    public void A_token_that_is_firing_when_its_response_comes_does_not_cancel_the_next_request() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> first = lane.Send(cancel.Token);
        Task<HttpResponseMessage>? second = null;

        // Registered after the exchange's callback, so it runs before that.
        cancel.Token.Register(() =>
        {
            lane.Answer(Lane.Ok("first"));
            Assert.NotNull(Lane.SpareExchange);
            second = lane.Send();
            Assert.Null(Lane.SpareExchange);
        });
        cancel.Cancel();
        Assert.False(second!.IsCompleted);
        lane.Answer(Lane.Ok("second"));
        Assert.Equal(("first", "second"), (Lane.TextOf(first), Lane.TextOf(second)));
    });

    [Fact]
    public void An_answer_that_comes_right_behind_the_cancellation_is_drained_and_nobody_elses() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        using var cancel = new CancellationTokenSource();

        // Registered before the exchange's callback, so it runs after that.
        cancel.Token.Register(() => lane.Answer(Lane.Ok("too late")));
        Task<HttpResponseMessage> first = lane.Send(cancel.Token);
        cancel.Cancel();
        Assert.Equal(cancel.Token, Lane.Fails<TaskCanceledException>(first).CancellationToken);
        Assert.Null(Lane.SpareExchange);
        Assert.Equal((1, 1), (lane.Dialed, lane.Origin.Idle));
        lane.Exchange("second");
        lane.Time.Advance(s_limit);
        lane.Exchange("third");
        Assert.Equal(1, lane.Dialed);
    });

    [Fact]
    public void The_same_token_serves_one_request_after_another() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        for (int i = 0; i < 3; i++)
        {
            Task<HttpResponseMessage> sent = lane.Send(cancel.Token);
            lane.Answer(Lane.Ok("fine"));
            Assert.Equal("fine", Lane.TextOf(sent));
        }

        Task<HttpResponseMessage> last = lane.Send(cancel.Token);
        cancel.Cancel();
        Lane.Fails<TaskCanceledException>(last);
    });

    [Fact]
    public void A_token_that_fires_before_the_write_leaves_nothing_behind() => Lane.Run(static lane =>
    {
        ScriptedSocket first = lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        first.OnWrite = _ => cancel.Cancel();
        Lane.Fails<TaskCanceledException>(lane.Send(cancel.Token));
        lane.AssertClosed(CloseReason.Cancelled);
        lane.Exchange("second");
        lane.Exchange("third");
        Assert.Equal(2, lane.Dialed);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tokens_and_timeouts_race_with_answers(bool timeouts) => Lane.Run(
        lane =>
        {
            lane.WarmUp();
            using var barrier = new Barrier(2);
            CancellationTokenSource? cancel = null;
            bool over = false;
            var rival = new Thread(() =>
            {
                for (var random = new Random(5); ; )
                {
                    barrier.SignalAndWait();
                    if (Volatile.Read(ref over))
                    {
                        // Story: the last round ends before this thread wakes from its second meeting. There is no other to come to, and
                        // nobody shall wait for it.
                        barrier.RemoveParticipant();
                        return;
                    }

                    Thread.SpinWait(random.Next(60));
                    if (timeouts)
                    {
                        lane.Time.Advance(s_limit);
                    }
                    else
                    {
                        cancel!.Cancel();
                    }

                    barrier.SignalAndWait();
                    if (Volatile.Read(ref over))
                    {
                        barrier.RemoveParticipant();
                        return;
                    }
                }
            });
            rival.Start();
            int whole = 0, ended = 0, rounds = 0;

            // On one busy core each meeting of the two threads costs turns of the scheduler: then fewer rounds must do.
            long start = TimeProvider.System.GetTimestamp();
            try
            {
                for (int i = 0; i < 3000 && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(15); i++, rounds++)
                {
                    using var source = new CancellationTokenSource();
                    cancel = source;
                    string body = $"answer {i}";
                    Task<HttpResponseMessage> sent = lane.Send(source.Token);
                    Lane.WaitFor(() => lane.Socket.IsReading, "the request is out");
                    barrier.SignalAndWait();
                    Thread.SpinWait(i % 60);
                    lane.Socket.Send(Lane.Ok(body));

                    // Before the rival is through: its callback may still be on its way.
                    Task<HttpResponseMessage>? next = null;
                    if (sent.IsCompletedSuccessfully)
                    {
                        whole++;
                        next = timeouts ? null : lane.Send();
                    }

                    barrier.SignalAndWait();
                    try
                    {
                        Assert.Equal(body, Lane.TextOf(sent));
                    }
                    catch (Exception e) when (timeouts ? e is TransportException { IsTimeout: true } : e is TaskCanceledException)
                    {
                        ended++;
                        Assert.True(next is null, "it had succeeded");
                    }

                    if (next is not null)
                    {
                        lane.Answer(Lane.Ok("next"));
                        Assert.Equal("next", Lane.TextOf(next));
                    }

                    lane.Exchange($"behind {i}");
                    lane.Exchange($"and once more {i}");
                }
            }
            finally
            {
                // It waits at one of the two, or will.
                Volatile.Write(ref over, true);
                barrier.SignalAndWait();
                rival.Join();
            }

            Assert.Equal(rounds, whole + ended);
            if (!timeouts)
            {
                // Whether the answer came first or not, it came, so the connection lives.
                Assert.Equal((1, 1), (lane.Dialed, lane.Origin.Idle));
            }
        },
        handler => handler.ResponseHeadersTimeout = timeouts ? s_limit : TimeSpan.FromHours(10));

    // ---- Timeouts ---------------------------------------------------------------------------------------------------

    [Fact]
    public void A_head_that_comes_in_the_moment_its_time_is_up_ends_the_wait_and_the_next_has_its_own() => Lane.Run(
        static lane =>
        {
            lane.WarmUp();
            Task<HttpResponseMessage>? first = null, second = null;

            // Armed before the deadline's timer, for the same moment, so it goes first; that one is still set for the deadlines of the
            // warming up.
            lane.Time.Advance(s_instant);
            using ITimer server = lane.Time.CreateTimer(
                _ =>
                {
                    lane.Answer(Lane.Ok("first"));
                    Assert.NotNull(Lane.SpareExchange);
                    second = lane.Send();
                },
                null,
                s_limit,
                Timeout.InfiniteTimeSpan);
            first = lane.Send();
            lane.Time.Advance(s_limit);
            Assert.Equal("first", Lane.TextOf(first));
            lane.Time.Advance(s_limit - s_instant);
            Assert.False(second!.IsCompleted);
            lane.Time.Advance(2 * s_instant);
            Assert.True(Lane.Fails<TransportException>(second).IsTimeout);
            lane.AssertClosed(CloseReason.RequestTimeout);
            lane.Exchange("third");
        },
        static handler => handler.ResponseHeadersTimeout = s_limit);

    [Fact]
    public void A_head_that_comes_right_behind_its_timeout_is_nobodys() => Lane.Run(
        static lane =>
        {
            lane.WarmUp();
            Task<HttpResponseMessage> first = lane.Send();
            lane.Time.Advance(s_limit + s_instant);
            Assert.True(Lane.Fails<TransportException>(first).IsTimeout);
            Assert.Null(Lane.SpareExchange);
            lane.Socket.Send(Lane.Ok("too late"));
            lane.Exchange("second");
            Assert.Equal(2, lane.Dialed);
            lane.AssertClosed(CloseReason.RequestTimeout);
        },
        static handler => handler.ResponseHeadersTimeout = s_limit);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_total_time_ends_with_its_own_exchange(bool withBody) => Lane.Run(lane =>
    {
        lane.WarmUp();
        Task<HttpResponseMessage> first = lane.Send(With(TransportOptions.Timeout, s_limit));
        lane.Answer(withBody ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : Lane.Ok("hello"));
        if (withBody)
        {
            HttpResponseMessage response = Lane.Done(first);
            Task<string> text = response.Content.ReadAsStringAsync();
            lane.Answer("hello");
            Assert.Equal("hello", Lane.Done(text));
        }

        Task<HttpResponseMessage> second = lane.Send();
        lane.Time.Advance(10 * s_limit);
        Assert.False(second.IsCompleted);
        lane.Answer(Lane.Ok("second"));
        Assert.Equal("second", Lane.TextOf(second));
        Assert.Equal(1, lane.Dialed);
    });

    [Fact]
    public void A_trace_hears_of_its_own_request_only() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        var calls = new List<string>();
        var trace = new RequestTrace
        {
            WroteRequest = _ => calls.Add("wrote"),
            GotFirstResponseByte = () => calls.Add("byte"),
            PutIdleConnection = reason => calls.Add($"idle {reason}"),
        };
        Task<HttpResponseMessage> traced = lane.Send(With(TransportOptions.Trace, trace));
        lane.Answer(Lane.Ok("traced"));
        Assert.Equal("traced", Lane.TextOf(traced));
        lane.Exchange("not traced");
        Assert.Equal(["wrote", "byte", "idle "], calls);
        Assert.Equal(1, lane.Handler.CloseIdleConnections());
        Assert.Equal(3, calls.Count);
    });

    // ---- Uploads ----------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_content_still_being_copied_when_the_answer_is_there_ends_its_own_exchange(bool inTime) => Lane.Run(lane =>
    {
        lane.WarmUp();
        var more = new TaskCompletionSource();
        Task<HttpResponseMessage> sent = lane.Send(Post(new PushContent(
            async stream =>
            {
                await stream.WriteAsync(new byte[5]).ConfigureAwait(false);
                await more.Task.ConfigureAwait(false);
                await stream.WriteAsync(new byte[5]).ConfigureAwait(false);
            },
            length: 10)));
        lane.Answer(inTime ? Lane.Ok("early") : "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nearly");
        if (!inTime)
        {
            Assert.Equal("early", Lane.TextOf(sent));
        }

        Assert.Null(Lane.SpareExchange);
        if (inTime)
        {
            Assert.False(sent.IsCompleted, "a success waits for the end of its request");
            more.SetResult();
            Assert.Equal("early", Lane.TextOf(sent));
            Lane.WaitFor(() => lane.Origin.Idle == 1, "the connection is idle when the content is out");
            lane.Exchange("second");
            lane.Time.Advance(s_limit);
            lane.Exchange("third");
            Assert.Equal(1, lane.Dialed);
        }
        else
        {
            lane.Time.Advance(s_limit);
            lane.AssertClosed(CloseReason.RequestUnfinished);
            lane.Exchange("second");
            Task<HttpResponseMessage> third = lane.Send();
            more.SetResult();
            Assert.False(third.IsCompleted);
            lane.Answer(Lane.Ok("third"));
            Assert.Equal("third", Lane.TextOf(third));
            Assert.Equal(2, lane.Dialed);
        }
    });

    [Fact]
    public void A_content_that_fails_after_the_answer_does_not_fail_the_next_request() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        var more = new TaskCompletionSource();
        Task<HttpResponseMessage> sent = lane.Send(Post(new PushContent(_ => more.Task, length: 10)));
        lane.Answer("HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nearly");
        Assert.Equal("early", Lane.TextOf(sent));
        Task<HttpResponseMessage> second = lane.Send();
        Lane.WaitFor(() => lane.Dialed == 2, "a connection of its own");
        more.SetException(new InvalidDataException("late"));
        lane.Answer(Lane.Ok("second"));
        Assert.Equal("second", Lane.TextOf(second));
        lane.Exchange("third");
    });

    [Theory]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", true)]
    [InlineData("", true)]
    [InlineData("", false)]
    public void An_upload_that_waits_for_100_Continue(string interim, bool wanted) => Lane.Run(
        lane =>
        {
            ScriptedSocket socket = lane.WarmUp();
            HttpRequestMessage request = Post(new ByteArrayContent(new byte[2000]));
            request.Headers.ExpectContinue = true;
            socket.TakeWritten();
            Task<HttpResponseMessage> sent = lane.Send(request);
            Assert.DoesNotContain("\0", socket.TakeWritten(), StringComparison.Ordinal);
            if (interim.Length > 0)
            {
                lane.Answer(interim);
                Lane.WaitFor(() => socket.TakeWritten().Length > 0, "the body");
            }

            lane.Answer(wanted ? Lane.Ok("hello") : "HTTP/1.1 417 No\r\nContent-Length: 5\r\n\r\nhello");
            Assert.Equal("hello", Lane.TextOf(sent));
            Lane.WaitFor(() => wanted ? lane.Origin.Idle == 1 : lane.Origin.Open == 0, "the end of the exchange");

            // Its wait for the word to go on is over too.
            Task<HttpResponseMessage> second = lane.Send();
            if (!wanted)
            {
                Lane.WaitFor(() => lane.Dialed == 2, "a dial");
            }

            lane.Time.Advance(s_limit);
            Assert.False(second.IsCompleted);
            lane.Answer(Lane.Ok("second"));
            Assert.Equal("second", Lane.TextOf(second));
            Assert.Equal(wanted ? 1 : 2, lane.Dialed);
        },
        static handler => handler.Expect100ContinueTimeout = TimeSpan.FromSeconds(2));

    // ---- At once ----------------------------------------------------------------------------------------------------

    [Fact]
    public void Answers_that_are_there_before_the_read_are_read_at_once_and_keep_their_order() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        int sent = 0;
        socket.OnWrite = s => s.Send(Lane.Ok($"answer {sent++}"));
        for (int i = 0; i < 100; i++)
        {
            Task<HttpResponseMessage> response = lane.Send();
            Assert.True(response.IsCompletedSuccessfully);
            Assert.Equal($"answer {i}", Lane.TextOf(response));
        }

        Assert.Equal((1, 1), (lane.Dialed, lane.Origin.Idle));
    });

    [Fact]
    public void Requests_sent_from_where_the_response_is_awaited_get_their_own_answers() => Lane.Run(static lane =>
    {
        lane.WarmUp();
        Task<int> chain = ChainAsync(lane, 50);
        for (int i = 0; i < 50; i++)
        {
            lane.Answer(Lane.Ok($"answer {i}"));
        }

        Assert.Equal(50, Lane.Done(chain));
        Assert.Equal((1, 1), (lane.Dialed, lane.Origin.Idle));
    });

    [Fact]
    public void A_handler_disposed_in_mid_request_fails_that_request_once() => Lane.Run(static lane =>
    {
        ScriptedSocket socket = lane.WarmUp();
        using var cancel = new CancellationTokenSource();
        Task<HttpResponseMessage> sent = lane.Send(cancel.Token);
        lane.Handler.Dispose();
        TransportException error = Lane.Fails<TransportException>(sent);
        Assert.True(socket.IsClosed);
        cancel.Cancel();
        socket.Send(Lane.Ok("late"));
        Assert.Same(error, sent.Exception!.InnerException);
        Assert.Null(Lane.SpareExchange);
        Assert.Null(Lane.SpareAttempt);
    });

    // ---- What it costs ----------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void An_ordinary_request_allocates_little_more_than_its_public_objects(bool withToken, bool withTotalTime) => Lane.Run(
        lane =>
        {
            ScriptedSocket socket = lane.WarmUp();
            using var cancel = new CancellationTokenSource();
            CancellationToken token = withToken ? cancel.Token : CancellationToken.None;
            byte[] answer = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nHello, client!"u8.ToArray();
            long least = long.MaxValue;
            for (int round = 0; round < 30; round++)
            {
                const int Requests = 20;
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < Requests; i++)
                {
                    Task<HttpResponseMessage> sent = lane.Send(new HttpRequestMessage(HttpMethod.Get, Lane.Uri), token);
                    socket.Send(answer);
                    Lane.Here(sent).Dispose();
                    socket.ForgetWritten();
                }

                least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / Requests);
            }

            long types = OfTheTypes();
            Assert.True(least <= types + Own, $"{least} bytes, of which {types} are the public objects");
        },
        handler =>
        {
            handler.ResponseHeadersTimeout = s_limit;
            handler.RequestTimeout = withTotalTime ? s_limit : Timeout.InfiniteTimeSpan;
        });

    // The content's lease, the body's bytes, and the task of the response. One attempt or one exchange more is beyond it. In Debug the
    // compiler makes more of asynchronous methods, and the figure is no steady one; the objects themselves are looked at above.
#if DEBUG
    private const int Own = 2000;
#else
    private const int Own = 300;
#endif

    /// <summary>What a request and a response like those above are made of, on either side.</summary>
    private static long OfTheTypes()
    {
        long least = long.MaxValue;
        for (int i = 0; i < 30; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var request = new HttpRequestMessage(HttpMethod.Get, Lane.Uri);
            var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new PushContent(null!), RequestMessage = request };
            response.Content.Headers.TryAddWithoutValidation("Content-Length", "14");
            response.Dispose();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static async Task<int> ChainAsync(Lane lane, int count)
    {
        for (int i = 0; i < count; i++)
        {
            using HttpResponseMessage response = await lane.Send().ConfigureAwait(false);
            Assert.Equal($"answer {i}", await response.Content.ReadAsStringAsync().ConfigureAwait(false));
        }

        return count;
    }

    private static HttpRequestMessage Post(HttpContent content) => new(HttpMethod.Post, Lane.Uri) { Content = content };

    private static HttpRequestMessage Closing()
    {
        HttpRequestMessage request = Lane.Get();
        request.Headers.ConnectionClose = true;
        return request;
    }

    private static HttpRequestMessage With<T>(HttpRequestOptionsKey<T> key, T value)
    {
        HttpRequestMessage request = Lane.Get();
        request.Options.Set(key, value);
        return request;
    }
}
