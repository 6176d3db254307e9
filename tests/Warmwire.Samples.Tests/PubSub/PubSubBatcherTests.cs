using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Warmwire.Samples.PubSub;
using Warmwire.Samples.Tests.Kit;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.PubSub;

public sealed class PubSubBatcherTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly ConcurrentQueue<TaskCompletionSource> _held = new();
    private readonly FakeHandler _handler;
    private bool _hold;
    private HttpStatusCode _status = HttpStatusCode.OK;
    private int _lastId;

    public PubSubBatcherTests() => _handler = new FakeHandler(AnswerAsync);

    public void Dispose() => _handler.Dispose();

    [Fact]
    public async Task Messages_wait_for_others_until_the_delay_and_are_sent_with_one_call()
    {
        await using PubSubBatcher batcher = Batcher(new());
        Task<string>[] published = [.. Enumerable.Range(0, 5).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}")))];
        await Eventually.IsTrue(() => _time.NextDue == TimeSpan.FromMilliseconds(10), "the delay");
        Assert.Empty(_handler.Calls);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(["1", "2", "3", "4", "5"], await Guard.Within(Task.WhenAll(published), () => "the publish"));
        Assert.Equal(["m0,m1,m2,m3,m4"], Batches());
    }

    [Fact]
    public async Task A_full_batch_is_sent_at_once()
    {
        await using PubSubBatcher batcher = Batcher(new() { MaxMessages = 3 });
        await Guard.Within(
            Task.WhenAll(Enumerable.Range(0, 6).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}")))), () => "the publishes");
        Assert.Equal(["m0,m1,m2", "m3,m4,m5"], Batches().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Bytes_fill_a_batch_too_and_a_large_message_goes_alone()
    {
        await using PubSubBatcher batcher = Batcher(new() { MaxBytes = 1_000 });
        Task large = batcher.PublishAsync(new PubSubMessage(new byte[5_000]));
        await Guard.Within(large, () => "the publish");
        Assert.Single(Batches());
    }

    [Fact]
    public async Task Messages_of_a_key_keep_their_order_with_one_publish_in_flight()
    {
        _hold = true;
        await using PubSubBatcher batcher = Batcher(new() { MaxMessages = 2 });
        Task<string>[] published =
        [
            .. Enumerable.Range(0, 6).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}") with { OrderingKey = "k" })),
        ];
        for (int i = 1; i <= 3; i++)
        {
            await Eventually.IsTrue(() => _held.Count == 1, "a publish");
            Assert.Equal(i, _handler.Calls.Length);
            Assert.True(_held.TryDequeue(out TaskCompletionSource? held));
            held.SetResult();
        }

        Assert.Equal(["1", "2", "3", "4", "5", "6"], await Guard.Within(Task.WhenAll(published), () => "the publishes"));
        Assert.Equal(["m0,m1", "m2,m3", "m4,m5"], Batches());
    }

    [Fact]
    public async Task Keys_do_not_wait_for_each_other()
    {
        _hold = true;
        await using PubSubBatcher batcher = Batcher(new() { MaxMessages = 1 });
        Task<string>[] published =
        [
            .. Enumerable.Range(0, 4).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}") with { OrderingKey = $"k{i}" })),
        ];
        await Eventually.IsTrue(() => _held.Count == 4, "all publishes");
        ReleaseAll();
        await Guard.Within(Task.WhenAll(published), () => "the publishes");
    }

    [Fact]
    public async Task Publishes_in_flight_are_bounded()
    {
        _hold = true;
        await using PubSubBatcher batcher = Batcher(new() { MaxMessages = 1, MaxPublishes = 2 });
        Task<string>[] published =
        [
            .. Enumerable.Range(0, 6).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}") with { OrderingKey = $"k{i}" })),
        ];
        await Eventually.IsTrue(() => _held.Count == 2, "two publishes");
        while (!published.All(static task => task.IsCompleted))
        {
            Assert.InRange(_held.Count, 0, 2);
            ReleaseAll();
            await Task.Yield();
        }

        await Task.WhenAll(published);
    }

    [Fact]
    public async Task A_failure_is_that_of_its_batch_and_of_what_waited_behind_it_with_the_same_key()
    {
        _hold = true;
        await using PubSubBatcher batcher = Batcher(new() { MaxMessages = 1 });
        Task<string> first = batcher.PublishAsync(PubSubMessage.FromText("a") with { OrderingKey = "k" });
        Task<string> behind = batcher.PublishAsync(PubSubMessage.FromText("b") with { OrderingKey = "k" });
        await Eventually.IsTrue(() => _held.Count == 1, "the first publish");
        _status = HttpStatusCode.ServiceUnavailable;
        ReleaseAll();
        PubSubException one = await Assert.ThrowsAsync<PubSubException>(() => Guard.Within(first, () => "the first"));
        PubSubException two = await Assert.ThrowsAsync<PubSubException>(() => Guard.Within(behind, () => "the second"));
        Assert.Equal(("UNAVAILABLE", "UNAVAILABLE"), (one.StatusName, two.StatusName));
        Assert.StartsWith("An earlier message of ordering key 'k' was not published: ", two.Message, StringComparison.Ordinal);
        Assert.Single(_handler.Calls);

        _status = HttpStatusCode.OK;
        _hold = false;
        await Guard.Within(batcher.PublishAsync(PubSubMessage.FromText("c") with { OrderingKey = "k" }), () => "a later one");
        Assert.Equal(["a", "c"], Batches());
    }

    [Fact]
    public async Task A_message_over_a_limit_fails_alone()
    {
        await using PubSubBatcher batcher = Batcher(new());
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(() => batcher.PublishAsync(new PubSubMessage(new byte[10_000_001])));
        Assert.Equal("INVALID_ARGUMENT", e.StatusName);
    }

    [Fact]
    public async Task What_waits_is_bounded()
    {
        await using PubSubBatcher batcher = Batcher(new() { MaxPendingMessages = 2 });
        Task[] waiting = [batcher.PublishAsync(PubSubMessage.FromText("a")), batcher.PublishAsync(PubSubMessage.FromText("b"))];
        PubSubException e = await Assert.ThrowsAsync<PubSubException>(() => batcher.PublishAsync(PubSubMessage.FromText("c")));
        Assert.Equal(("RESOURCE_EXHAUSTED", true), (e.StatusName, e.IsRetryable));
        Assert.All(waiting, static task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task A_message_whose_caller_left_while_it_waited_is_not_sent()
    {
        using var caller = new CancellationTokenSource();
        PubSubBatcher batcher = Batcher(new());
        Task<string> left = batcher.PublishAsync(PubSubMessage.FromText("left"), caller.Token);
        Task<string> stays = batcher.PublishAsync(PubSubMessage.FromText("stays"), CancellationToken.None);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        await batcher.DisposeAsync();
        Assert.Equal("1", await stays);
        Assert.Equal(["stays"], Batches());
    }

    [Fact]
    public async Task Disposing_sends_what_waits_and_takes_no_more()
    {
        PubSubBatcher batcher = Batcher(new() { MaxMessages = 2 });
        Task<string>[] published =
        [
            .. Enumerable.Range(0, 5).Select(i => batcher.PublishAsync(PubSubMessage.FromText($"m{i}") with { OrderingKey = "k" })),
        ];
        await Guard.Within(batcher.DisposeAsync().AsTask(), () => "the disposal");
        Assert.Equal(5, (await Task.WhenAll(published)).Length);
        Assert.Equal(["m0,m1", "m2,m3", "m4"], Batches());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => batcher.PublishAsync(PubSubMessage.FromText("x")));
        await Guard.Within(batcher.DisposeAsync().AsTask(), () => "the second disposal");
    }

    private PubSubBatcher Batcher(PubSubBatcherSettings settings) =>
        new(
            new PubSubPublisher(_handler.Client, new PubSubPublisherSettings("demo") { Time = _time }),
            "prices",
            settings with { Time = _time });

    private void ReleaseAll()
    {
        while (_held.TryDequeue(out TaskCompletionSource? held))
        {
            held.SetResult();
        }
    }

    private string[] Batches() => [.. _handler.Calls.Select(static call => string.Join(',', Data(call.Body)))];

    private static IEnumerable<string> Data(string body)
    {
        using JsonDocument json = JsonDocument.Parse(body);
        return
        [
            .. json.RootElement.GetProperty("messages")
                .EnumerateArray()
                .Select(static message => Encoding.UTF8.GetString(message.GetProperty("data").GetBytesFromBase64())),
        ];
    }

    private async Task<HttpResponseMessage> AnswerAsync(FakeHandler.Call call, CancellationToken cancellationToken)
    {
        if (_hold)
        {
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _held.Enqueue(held);
            await held.Task.WaitAsync(cancellationToken);
        }

        IEnumerable<string> ids = Data(call.Body).Select(_ => $"\"{Interlocked.Increment(ref _lastId)}\"");
        return FakeHandler.Json($$"""{"messageIds":[{{string.Join(',', ids)}}]}""", _status);
    }
}
