using System.Diagnostics;

namespace Warmwire.Tests.Kit;

/// <summary>Subscribes to every listener named "HttpHandlerDiagnosticListener": .NET's, and ours.</summary>
public sealed class DiagnosticEvents : IDisposable
{
    private readonly List<IDisposable> _subscriptions = [];

    /// <param name="next">Gets name and payload of each event.</param>
    /// <param name="isEnabled">Says of a name whether it is wanted; all are by default.</param>
    public DiagnosticEvents(Action<string, object?> next, Func<string, bool>? isEnabled = null)
    {
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(new Observer<DiagnosticListener>(listener =>
        {
            if (listener.Name == "HttpHandlerDiagnosticListener")
            {
                _subscriptions.Add(listener.Subscribe(
                    new Observer<KeyValuePair<string, object?>>(pair => next(pair.Key, pair.Value)),
                    (name, _, _) => isEnabled?.Invoke(name) ?? true));
            }
        })));
    }

    public static object? Property(object? payload, string name) => payload?.GetType().GetProperty(name)?.GetValue(payload);

    public void Dispose() => _subscriptions.ForEach(static subscription => subscription.Dispose());

    private sealed class Observer<T>(Action<T> next) : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value) => next(value);
    }
}
