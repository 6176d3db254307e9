using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Warmwire.Cli.Quick.Events;

/// <summary>
/// Turns events of the source <see cref="SourceName"/> into typed ones. Values are found by the names that the event source declares; the
/// names of an event are looked up once for each event id. An event that lacks one is an error: counts that silently stay 0 would be wrong
/// results.
/// </summary>
internal sealed class TransportEventReader
{
    public const string SourceName = "Warmwire";

    private readonly ConcurrentDictionary<int, Func<IReadOnlyList<object?>, TransportEvent>?> _readers = new();

    /// <returns><see langword="null"/> for an event that is not one of <see cref="TransportEvent"/>.</returns>
    /// <exception cref="InvalidDataException">The event does not have the values that it is known for.</exception>
    public TransportEvent? Read(EventWrittenEventArgs written)
    {
        if (!_readers.TryGetValue(written.EventId, out Func<IReadOnlyList<object?>, TransportEvent>? read))
        {
            read = ReaderOf(written.EventName ?? "", written.PayloadNames ?? []);
            _readers[written.EventId] = read;
        }

        return read?.Invoke(written.Payload ?? []);
    }

    /// <summary>The events that are read, by name, with the values that are read of each.</summary>
    internal static IReadOnlyDictionary<string, string[]> Needed { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        [nameof(TransportEvent.DialStarted)] = ["origin", "reason"],
        [nameof(TransportEvent.DialFailed)] = ["origin", "error"],
        [nameof(TransportEvent.ConnectionOpened)] = ["origin", "connection", "dnsMs", "connectMs", "tlsMs"],
        [nameof(TransportEvent.ConnectionClosed)] = ["origin", "connection", "reason"],
    };

    private static Func<IReadOnlyList<object?>, TransportEvent>? ReaderOf(string name, IReadOnlyList<string> declared)
    {
        if (!Needed.TryGetValue(name, out string[]? needed))
        {
            return null;
        }

        int[] at = [.. needed.Select(value => PositionOf(name, value, declared))];
        return name switch
        {
            nameof(TransportEvent.DialStarted) => values => new TransportEvent.DialStarted(Get<string>(0, values), Get<string>(1, values)),
            nameof(TransportEvent.DialFailed) => values => new TransportEvent.DialFailed(Get<string>(0, values), Get<string>(1, values)),
            nameof(TransportEvent.ConnectionOpened) => values => new TransportEvent.ConnectionOpened(
                Get<string>(0, values), Get<long>(1, values), Get<double>(2, values), Get<double>(3, values), Get<double>(4, values)),
            _ =>
                values =>
                    new TransportEvent.ConnectionClosed(Get<string>(0, values), Get<long>(1, values), ReasonOf(Get<string>(2, values))),
        };

        T Get<T>(int index, IReadOnlyList<object?> values) => at[index] < values.Count && values[at[index]] is T value
            ? value
            : throw new InvalidDataException($"the value '{needed[index]}' of the transport's event {name} is not a {typeof(T).Name}");
    }

    private static int PositionOf(string name, string value, IReadOnlyList<string> declared)
    {
        for (int i = 0; i < declared.Count; i++)
        {
            if (string.Equals(declared[i], value, StringComparison.Ordinal))
            {
                return i;
            }
        }

        throw new InvalidDataException($"the transport's event {name} has no value '{value}', only {string.Join(", ", declared)}");
    }

    private static CloseReason ReasonOf(string name) => Enum.TryParse(name, out CloseReason reason) && Enum.IsDefined(reason)
        ? reason
        : throw new InvalidDataException($"'{name}' is not a reason for which the transport closes connections");
}
