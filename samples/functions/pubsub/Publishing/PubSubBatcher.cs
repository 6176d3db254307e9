using System.Diagnostics;

namespace Warmwire.Samples.PubSub;

/// <summary>When a batch is sent: as soon as one of these is reached.</summary>
internal sealed record PubSubBatcherSettings
{
    public int MaxMessages { get; init; } = 100;

    public int MaxBytes { get; init; } = 1_000_000;

    /// <summary>How long the first message of a batch waits for others.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Publishes in flight at once. Of each ordering key there is one at most.</summary>
    public int MaxPublishes { get; init; } = 8;

    /// <summary>Messages taken in and not yet published; one more fails at once with RESOURCE_EXHAUSTED.</summary>
    public int MaxPendingMessages { get; init; } = 10_000;

    /// <summary>The same in bytes.</summary>
    public long MaxPendingBytes { get; init; } = 100_000_000;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Collects messages to one topic and publishes many with one call. Messages of an ordering key keep their order: a key has one publish in
/// flight, and when that fails, so do the messages of the key that waited behind it, because sending those would leave a hole in the order.
/// </summary>
internal sealed class PubSubBatcher : IAsyncDisposable
{
    private readonly PubSubPublisher _publisher;
    private readonly string _topic;
    private readonly PubSubBatcherSettings _settings;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _publishes;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by _gate
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private int _pendingMessages;
    private long _pendingBytes;
    private bool _closing;

    public PubSubBatcher(PubSubPublisher publisher, string topic, PubSubBatcherSettings? settings = null)
    {
        _settings = settings ?? new PubSubBatcherSettings();
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            _settings.MaxMessages, Math.Clamp(_settings.MaxMessages, 1, PubSubLimits.MessagesPerPublish), nameof(settings));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            _settings.MaxBytes, Math.Clamp(_settings.MaxBytes, 1, PubSubLimits.BytesPerPublish), nameof(settings));
        ArgumentOutOfRangeException.ThrowIfLessThan(_settings.MaxPublishes, 1, nameof(settings));
        _publisher = publisher;
        _topic = topic;
        _publishes = new SemaphoreSlim(_settings.MaxPublishes);
    }

    /// <summary>Takes the message into the next batch and waits until that is published.</summary>
    /// <returns>The id the service gave the message.</returns>
    /// <exception cref="PubSubException">The publish failed, or the message alone is over a limit.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled. A message that still waited for its batch is not
    /// sent.</exception>
    public async Task<string> PublishAsync(PubSubMessage message, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // One bad message must not take its whole batch with it.
        if ((ResourceNames.WrongTopic(_topic) ?? PubSubLimits.Refuses(message)) is { } wrong)
        {
            throw new PubSubException(PubSubStatus.InvalidArgument, $"Nothing was published: {wrong}");
        }

        string key = message.OrderingKey ?? "";
        var entry = new Entry(message, message.Size, _settings.Time.GetTimestamp(), cancellationToken);
        Lane? fresh = null;
        TaskCompletionSource? full = null;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closing, this);
            if (_pendingMessages >= _settings.MaxPendingMessages || _pendingBytes + entry.Size > _settings.MaxPendingBytes)
            {
                throw new PubSubException(
                    PubSubStatus.ResourceExhausted,
                    $"Nothing was published: {_pendingMessages:N0} messages with {_pendingBytes:N0} bytes wait already, and the "
                        + $"limits are {_settings.MaxPendingMessages:N0} and {_settings.MaxPendingBytes:N0}");
            }

            _pendingMessages++;
            _pendingBytes += entry.Size;
            if (!_lanes.TryGetValue(key, out Lane? lane))
            {
                _lanes.Add(key, lane = fresh = new Lane(key));
            }

            lane.Waiting.Enqueue(entry);
            lane.WaitingBytes += entry.Size;
            if (IsFullNeedsLock(lane))
            {
                full = lane.Full;
            }
        }

        full?.TrySetResult();
        if (fresh is not null)
        {
            _ = PumpAsync(fresh);
        }

        return await entry.Published.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more messages, sends at once what waits, and waits for its answers.</summary>
    public async ValueTask DisposeAsync()
    {
        TaskCompletionSource[] lanes;
        lock (_gate)
        {
            _closing = true;
            lanes = [.. _lanes.Values.Select(static lane => lane.Full)];
            if (_pendingMessages == 0)
            {
                _drained.TrySetResult();
            }
        }

        foreach (TaskCompletionSource full in lanes)
        {
            full.TrySetResult();
        }

        await _drained.Task;
    }

    /// <summary>Lives from a lane's first message until nothing waits in it.</summary>
    private async Task PumpAsync(Lane lane)
    {
        // The caller that brought the first message goes its own way.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (true)
        {
            await WaitUntilDueAsync(lane);
            await _publishes.WaitAsync();
            List<Entry> batch;
            lock (_gate)
            {
                batch = TakeBatchNeedsLock(lane);
            }

            Task publish = PublishAsync(lane, batch);
            if (lane.IsOrdered)
            {
                await publish;
            }

            lock (_gate)
            {
                if (lane.Waiting.Count == 0)
                {
                    // Story: a message that comes now finds no lane and starts another, whose first publish comes after the end of this
                    // one's last, if it has a key.
                    _lanes.Remove(lane.Key);
                    return;
                }
            }
        }
    }

    private async Task WaitUntilDueAsync(Lane lane)
    {
        TimeSpan wait;
        Task full;
        lock (_gate)
        {
            wait = _settings.MaxDelay - _settings.Time.GetElapsedTime(lane.Waiting.Peek().Since);
            if (_closing || IsFullNeedsLock(lane) || wait <= TimeSpan.Zero)
            {
                return;
            }

            full = lane.Full.Task;
        }

        using var enough = new CancellationTokenSource();
        await Task.WhenAny(full, Task.Delay(wait, _settings.Time, enough.Token));
        await enough.CancelAsync();
    }

    private async Task PublishAsync(Lane lane, List<Entry> batch)
    {
        PubSubException? failure = null;
        IReadOnlyList<string> ids = [];
        List<Entry> behind = [];
        try
        {
            ids = await _publisher.PublishAsync(_topic, [.. batch.Select(static entry => entry.Message)]);
        }
        catch (Exception e)
        {
            failure = e as PubSubException ?? new PubSubException(PubSubStatus.Unknown, e.Message, inner: e);
        }

        _publishes.Release();
        bool drained;
        lock (_gate)
        {
            if (failure is not null && lane.IsOrdered)
            {
                behind.AddRange(lane.Waiting);
                lane.Waiting.Clear();
                lane.WaitingBytes = 0;
            }

            ForgetNeedsLock(batch);
            ForgetNeedsLock(behind);
            drained = _closing && _pendingMessages == 0;
        }

        for (int i = 0; i < batch.Count; i++)
        {
            // An exception is thrown once, so each message has one of its own.
            if (failure is null)
            {
                batch[i].Published.TrySetResult(ids[i]);
            }
            else
            {
                Fail(batch[i], failure.Message, failure);
            }
        }

        foreach (Entry entry in behind)
        {
            Fail(entry, $"An earlier message of ordering key '{lane.Key}' was not published: {failure!.Message}", failure);
        }

        if (drained)
        {
            _drained.TrySetResult();
        }
    }

    private static void Fail(Entry entry, string message, PubSubException failure)
    {
        entry.Published.TrySetException(new PubSubException(failure.StatusName, message, failure.StatusCode, failure));
        _ = entry.Published.Task.Exception; // looked at, also where the caller has left
    }

    private bool IsFullNeedsLock(Lane lane)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        return lane.Waiting.Count >= _settings.MaxMessages || lane.WaitingBytes >= _settings.MaxBytes;
    }

    /// <summary>The oldest messages, as many as the limits allow, without those whose callers have left; perhaps none.</summary>
    private List<Entry> TakeBatchNeedsLock(Lane lane)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        List<Entry> batch = [];
        long bytes = 0;
        while (batch.Count < _settings.MaxMessages
            && lane.Waiting.TryPeek(out Entry? next)
            && (batch.Count == 0 || bytes + next.Size <= _settings.MaxBytes))
        {
            lane.Waiting.Dequeue();
            lane.WaitingBytes -= next.Size;
            if (next.Caller.IsCancellationRequested)
            {
                ForgetNeedsLock([next]);
                continue;
            }

            batch.Add(next);
            bytes += next.Size;
        }

        lane.Full = NewSignal();
        return batch;
    }

    private void ForgetNeedsLock(List<Entry> entries)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        foreach (Entry entry in entries)
        {
            _pendingMessages--;
            _pendingBytes -= entry.Size;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The messages of one ordering key, or all those without; guarded by the gate.</summary>
    private sealed class Lane(string key)
    {
        public string Key { get; } = key;

        public bool IsOrdered => Key.Length > 0;

        public Queue<Entry> Waiting { get; } = [];

        public long WaitingBytes { get; set; }

        /// <summary>Set when the next batch need not wait for more.</summary>
        public TaskCompletionSource Full { get; set; } = NewSignal();
    }

    private sealed record Entry(PubSubMessage Message, long Size, long Since, CancellationToken Caller)
    {
        public TaskCompletionSource<string> Published { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
