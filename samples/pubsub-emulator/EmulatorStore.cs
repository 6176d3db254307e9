using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Warmwire.Samples.PubSubEmulator;

/// <summary>
/// Topics, subscriptions and messages. One lock over everything: its operations are short, and a test wants order more than speed.
/// </summary>
internal sealed class EmulatorStore(PubSubEmulatorSettings settings)
{
    private const int MaxMessagesPerPublish = 1_000;
    private const int MaxBytesPerPublish = 10_000_000;
    private const int MaxMessagesPerPull = 1_000;
    private const int DefaultPageSize = 100;
    private const int MaxPageSize = 1_000;
    private const int DefaultAckDeadline = 10;
    private const int MaxAckDeadline = 600;

    // What the service shows in place of a topic that is gone.
    private const string DeletedTopic = "_deleted-topic_";

    private readonly Lock _gate = new();

    // Guarded by _gate
    private readonly SortedDictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private long _lastMessageId;
    private long _bytes;

    public TopicBody CreateTopic(string name)
    {
        lock (_gate)
        {
            if (_topics.ContainsKey(name))
            {
                throw EmulatorException.AlreadyExists(name);
            }

            if (_topics.Count >= settings.MaxTopics)
            {
                throw EmulatorException.Exhausted($"The emulator keeps at most {settings.MaxTopics:N0} topics.");
            }

            _topics.Add(name, new Topic());
            return new TopicBody(name);
        }
    }

    public TopicBody GetTopic(string name)
    {
        lock (_gate)
        {
            _ = TopicNeedsLock(name);
            return new TopicBody(name);
        }
    }

    /// <summary>Its subscriptions stay, with what they hold.</summary>
    public Nothing DeleteTopic(string name)
    {
        lock (_gate)
        {
            foreach (Subscription subscription in TopicNeedsLock(name).Subscriptions)
            {
                subscription.Topic = DeletedTopic;
            }

            _topics.Remove(name);
            return new Nothing();
        }
    }

    /// <param name="project">projects/P</param>
    /// <param name="size">The most topics of the answer; 0 is the default.</param>
    /// <param name="after">The token of the page before: the name of its last topic.</param>
    public TopicList ListTopics(string project, int size, string? after)
    {
        if (size < 0)
        {
            throw EmulatorException.Invalid("pageSize must not be negative.");
        }

        size = size == 0 ? DefaultPageSize : Math.Min(size, MaxPageSize);
        string prefix = $"{project}/topics/";
        lock (_gate)
        {
            TopicBody[] found =
            [
                .. _topics.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(name, after) > 0)
                    .Take(size + 1).Select(static name => new TopicBody(name)),
            ];
            return found.Length > size
                ? new TopicList(found[..size], found[size - 1].Name)
                : new TopicList(found.Length == 0 ? null : found, NextPageToken: null);
        }
    }

    public SubscriptionBody CreateSubscription(string name, SubscriptionBody body)
    {
        int deadline = body.AckDeadlineSeconds is null or 0 ? DefaultAckDeadline : body.AckDeadlineSeconds.Value;
        if (deadline is < DefaultAckDeadline or > MaxAckDeadline)
        {
            throw EmulatorException.Invalid($"ackDeadlineSeconds must be from {DefaultAckDeadline} to {MaxAckDeadline}.");
        }

        if (string.IsNullOrEmpty(body.Topic))
        {
            throw EmulatorException.Invalid("A subscription needs a topic.");
        }

        lock (_gate)
        {
            if (_subscriptions.ContainsKey(name))
            {
                throw EmulatorException.AlreadyExists(name);
            }

            Topic topic = TopicNeedsLock(body.Topic);
            if (_subscriptions.Count >= settings.MaxSubscriptions)
            {
                throw EmulatorException.Exhausted($"The emulator keeps at most {settings.MaxSubscriptions:N0} subscriptions.");
            }

            var subscription = new Subscription(body.Topic, deadline);
            _subscriptions.Add(name, subscription);
            topic.Subscriptions.Add(subscription);
            return subscription.Describe(name);
        }
    }

    public SubscriptionBody GetSubscription(string name)
    {
        lock (_gate)
        {
            return SubscriptionNeedsLock(name).Describe(name);
        }
    }

    public Nothing DeleteSubscription(string name)
    {
        lock (_gate)
        {
            Subscription subscription = SubscriptionNeedsLock(name);
            _subscriptions.Remove(name);
            _bytes -= subscription.Waiting.Values.Sum(static delivery => delivery.Size);
            if (_topics.TryGetValue(subscription.Topic, out Topic? topic))
            {
                topic.Subscriptions.Remove(subscription);
            }

            return new Nothing();
        }
    }

    /// <summary>Gives each message an id and each subscription of the topic the messages: all of them, or none.</summary>
    public PublishAnswer Publish(string name, PublishBody body)
    {
        (List<MessageBody> messages, long size) = Validate(body);
        lock (_gate)
        {
            Topic topic = TopicNeedsLock(name);
            if (_bytes + (size * topic.Subscriptions.Count) > settings.MaxBytes)
            {
                throw EmulatorException.Exhausted($"The emulator keeps at most {settings.MaxBytes:N0} bytes that are not acknowledged.");
            }

            int most = settings.MaxMessagesPerSubscription - messages.Count;
            if (topic.Subscriptions.Exists(subscription => subscription.Waiting.Count > most))
            {
                throw EmulatorException.Exhausted(
                    $"The emulator keeps at most {settings.MaxMessagesPerSubscription:N0} messages of a subscription that are not "
                        + $"acknowledged.");
            }

            DateTime now = settings.Time.GetUtcNow().UtcDateTime;
            var ids = new List<string>(messages.Count);
            foreach (MessageBody message in messages)
            {
                long id = ++_lastMessageId;
                MessageBody published = message with { MessageId = id.ToString(CultureInfo.InvariantCulture), PublishTime = now };
                ids.Add(published.MessageId);
                foreach (Subscription subscription in topic.Subscriptions)
                {
                    var delivery = new Delivery(published, SizeOf(message));
                    subscription.Waiting.Add(id, delivery);
                    _bytes += delivery.Size;
                }
            }

            return new PublishAnswer(ids);
        }
    }

    /// <summary>
    /// The oldest messages nobody else is busy with. Each is that of the caller until the subscription's deadline, and then anybody's
    /// again.
    /// </summary>
    public PullAnswer Pull(string name, PullBody body)
    {
        if (body.MaxMessages < 1)
        {
            throw EmulatorException.Invalid("maxMessages must be at least 1.");
        }

        lock (_gate)
        {
            Subscription subscription = SubscriptionNeedsLock(name);
            DateTimeOffset now = settings.Time.GetUtcNow();
            List<ReceivedMessage> pulled = [];
            foreach ((long id, Delivery delivery) in subscription.Waiting)
            {
                if (pulled.Count == Math.Min(body.MaxMessages, MaxMessagesPerPull))
                {
                    break;
                }

                if (delivery.TakenUntil <= now)
                {
                    delivery.TakenUntil = now + TimeSpan.FromSeconds(subscription.AckDeadline);
                    delivery.Attempt++;
                    pulled.Add(new ReceivedMessage($"{id}-{delivery.Attempt}", delivery.Message, delivery.Attempt));
                }
            }

            return new PullAnswer(pulled.Count == 0 ? null : pulled);
        }
    }

    /// <summary>Forgets the messages. As with the service, ids that are too late or unknown do no harm.</summary>
    public Nothing Acknowledge(string name, AcknowledgeBody body)
    {
        if (body.AckIds is not { Count: > 0 })
        {
            throw EmulatorException.Invalid("An acknowledge request needs ackIds.");
        }

        lock (_gate)
        {
            Subscription subscription = SubscriptionNeedsLock(name);
            foreach (string ackId in body.AckIds)
            {
                int dash = ackId.IndexOf('-', StringComparison.Ordinal);
                if (dash > 0
                    && long.TryParse(ackId.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
                    && int.TryParse(ackId.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int attempt)
                    && subscription.Waiting.TryGetValue(id, out Delivery? delivery)
                    && delivery.Attempt == attempt)
                {
                    subscription.Waiting.Remove(id);
                    _bytes -= delivery.Size;
                }
            }

            return new Nothing();
        }
    }

    private static (List<MessageBody> Messages, long Size) Validate(PublishBody body)
    {
        if (body.Messages is not { Count: > 0 and <= MaxMessagesPerPublish })
        {
            throw EmulatorException.Invalid(
                $"A publish request has 1 to {MaxMessagesPerPublish:N0} messages, not {body.Messages?.Count ?? 0:N0}.");
        }

        List<MessageBody> messages = new(body.Messages.Count);
        long size = 0;
        foreach (MessageBody? message in body.Messages)
        {
            if (message is null || (message.Data is not { Length: > 0 } && message.Attributes is not { Count: > 0 }))
            {
                throw EmulatorException.Invalid("A message needs data or an attribute.");
            }

            messages.Add(message);
            size += SizeOf(message);
        }

        return size <= MaxBytesPerPublish
            ? (messages, size)
            : throw EmulatorException.Invalid($"A publish request has at most {MaxBytesPerPublish:N0} bytes, not {size:N0}.");
    }

    private static long SizeOf(MessageBody message) =>
        (message.Data?.Length ?? 0)
        + Encoding.UTF8.GetByteCount(message.OrderingKey ?? "")
        + (
            message.Attributes?.Sum(
                static pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value ?? "")) ?? 0);

    private Topic TopicNeedsLock(string name)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        return _topics.TryGetValue(name, out Topic? topic) ? topic : throw EmulatorException.NotFound(name);
    }

    private Subscription SubscriptionNeedsLock(string name)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        return _subscriptions.TryGetValue(name, out Subscription? subscription) ? subscription : throw EmulatorException.NotFound(name);
    }

    private sealed class Topic
    {
        public List<Subscription> Subscriptions { get; } = [];
    }

    private sealed class Subscription(string topic, int ackDeadline)
    {
        public string Topic { get; set; } = topic;

        /// <summary>In seconds.</summary>
        public int AckDeadline { get; } = ackDeadline;

        /// <summary>By message id, and so in the order of publishing.</summary>
        public SortedDictionary<long, Delivery> Waiting { get; } = [];

        public SubscriptionBody Describe(string name) => new(name, Topic, AckDeadline);
    }

    private sealed class Delivery(MessageBody message, long size)
    {
        public MessageBody Message { get; } = message;

        public long Size { get; } = size;

        public DateTimeOffset TakenUntil { get; set; } = DateTimeOffset.MinValue;

        public int Attempt { get; set; }
    }
}
