using Warmwire.Diagnostics;
using Warmwire.Exchange;
using Warmwire.Settings;

namespace Warmwire.Handler;

/// <summary>The life of a handler: its settings can be changed, then it has an engine and they cannot, then it is disposed.</summary>
internal sealed class HandlerLifetime : IDisposable
{
    private readonly Lock _gate = new();
    private ExchangeEngine? _engine;
    private bool _disposed;

    /// <summary>The engine, if a request has been sent.</summary>
    public ExchangeEngine? Started => Volatile.Read(ref _engine);

    /// <summary>The engine, made at the first request.</summary>
    /// <exception cref="ObjectDisposedException">The handler was disposed before its first request.</exception>
    /// <exception cref="InvalidOperationException">Its settings contradict each other.</exception>
    public ExchangeEngine Engine => Volatile.Read(ref _engine) ?? Start();

    public HandlerSettings Settings { get; } = new();

    /// <summary>The settings, to change one of them.</summary>
    /// <exception cref="ObjectDisposedException">The handler was disposed.</exception>
    /// <exception cref="InvalidOperationException">A request has been sent.</exception>
    public HandlerSettings MutableSettings
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PooledHttpHandler));
            return _engine is null ? Settings : throw new InvalidOperationException(ErrorTexts.SettingsAreFrozen);
        }
    }

    /// <summary>Lets the exchanges that are under way end, within a limit, and closes the rest.</summary>
    public async ValueTask DrainAsync()
    {
        if (End() is { } engine)
        {
            await engine.DrainAsync().ConfigureAwait(false);
        }
    }

    public void Dispose() => End()?.Dispose();

    public void Abort() => End()?.Abort();

    private ExchangeEngine Start()
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(PooledHttpHandler));

        if (Settings is { UnixSocketPath: not null, ConnectCallback: not null })
        {
            // Whichever of them was taken, somebody would wonder where the other has gone.
            throw new InvalidOperationException(UnixSocketErrorTexts.CallbackToo);
        }

        // The meter's factory is the application's code, so it is not called under the lock. Of two first requests at once, one makes a
        // meter for nothing.
        TransportMetrics metrics = TransportMetrics.For(Settings.MeterFactory);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PooledHttpHandler));
            return _engine ??= new ExchangeEngine(Settings, metrics);
        }
    }

    private ExchangeEngine? End()
    {
        lock (_gate)
        {
            _disposed = true;
            return _engine;
        }
    }
}
