using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Pooling;
using Warmwire.Settings;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// A pool over names and addresses that a test makes up, under fake time: what a name answers at a time, which addresses refuse or are
/// silent. Connections have no bytes; a request leases one and releases it.
/// </summary>
internal sealed class NameRig : IDisposable
{
    private readonly RequestSettings _requestSettings;
    private readonly long _start;
    private int _attempts;
    private int _lookUps;

    public NameRig(Func<TimeSpan, IPAddress[]> answers, Action<HandlerSettings>? configure = null)
    {
        Answers = answers;
        Settings = new HandlerSettings
        {
            TimeProvider = Time,
            RefreshSlots = new SemaphoreSlim(NameLimits.Refreshes),
            Connect = ConnectAsync,
        };
        Settings.ResolveNames = (host, token) =>
        {
            Interlocked.Increment(ref _lookUps);
            return ResolveAsync is { } resolve ? resolve(host, token) : Task.FromResult(Answers(Now));
        };
        configure?.Invoke(Settings);
        _requestSettings = RequestSettings.Defaults(Settings);
        _start = Time.GetTimestamp();
        Pool = new ConnectionPool(new ConnectionServices(Settings), new PoolEvents(TransportMetrics.For(null), Time))
        {
            MakeConnection = static (route, dialed, owner, services) => new StubConnection(route, dialed, owner, services),
        };
    }

    public FakeTime Time { get; } = new();

    public HandlerSettings Settings { get; }

    public ConnectionPool Pool { get; }

    public TimeSpan Now => Time.GetElapsedTime(_start);

    /// <summary>What the name server answers, by the time since the beginning.</summary>
    public Func<TimeSpan, IPAddress[]> Answers { get; set; }

    /// <summary>The name server in place of <see cref="Answers"/>.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? ResolveAsync { get; set; }

    public ConcurrentDictionary<IPAddress, bool> Refusing { get; } = new();

    public ConcurrentDictionary<IPAddress, bool> Silent { get; } = new();

    /// <summary>Every attempt to connect, in order.</summary>
    public ConcurrentQueue<IPAddress> Attempts { get; } = new();

    /// <summary>The requests that each address has served.</summary>
    public Dictionary<IPAddress, long> Served { get; } = [];

    public int LookUps => Volatile.Read(ref _lookUps);

    /// <summary>Attempts under way at this time, and the most there were, together with open connections.</summary>
    public int Connecting => Volatile.Read(ref _attempts);

    public int MostSockets { get; private set; }

    public OriginSnapshot Origin => Pool.GetSnapshot().Origins.Single();

    public static IPAddress Address(int number) => IPAddress.Parse($"192.0.2.{number}");

    public static IPAddress[] Addresses(params int[] numbers) => Array.ConvertAll(numbers, Address);

    public Attempt Attempt() => new(new AttemptRequest(
        new HttpRequestMessage(HttpMethod.Get, "http://a.test/"), _requestSettings, CancellationToken.None));

    public Task<HttpConnection> Ask(string host = "a.test") => Pool.LeaseAsync(
        new RouteIdentity(isTls: false, host, 80, tlsHost: null, clientCertificate: null), Attempt(), replacementFor: null).AsTask();

    public async Task<StubConnection> Lease(string host = "a.test")
    {
        var connection = (StubConnection)await Guard.Within(Ask(host), () => $"Waited for a connection; {Pool.GetSnapshot()}");
        IPAddress address = connection.Dialed.ResolvedAddress!;
        Served[address] = Served.GetValueOrDefault(address) + 1;
        return connection;
    }

    /// <summary>So many requests at a time; all are over when it returns.</summary>
    public async Task Exchange(int concurrently, string host = "a.test")
    {
        Task<HttpConnection>[] asked = [.. Enumerable.Range(0, concurrently).Select(_ => Ask(host))];
        var leased = (await Guard.Within(Task.WhenAll(asked), () => $"Waited for connections; {Pool.GetSnapshot()}"));
        foreach (HttpConnection connection in leased)
        {
            IPAddress address = connection.Dialed.ResolvedAddress!;
            Served[address] = Served.GetValueOrDefault(address) + 1;
        }

        foreach (HttpConnection connection in leased)
        {
            connection.Release();
        }
    }

    /// <summary>A load for some time: so many requests at once in each second.</summary>
    public async Task Load(TimeSpan length, int concurrently, Action? each = null)
    {
        for (TimeSpan end = Now + length; Now < end;)
        {
            await Exchange(concurrently);
            await Pass(TimeSpan.FromSeconds(1));
            each?.Invoke();
        }
    }

    /// <summary>Time passes, and what it makes begin about names comes to its end.</summary>
    public async Task Pass(TimeSpan time)
    {
        Time.Advance(time);
        await Eventually.IsTrue(() => Pool.Refreshing == 0, "the names are resolved again");
    }

    public int OpenTo(IPAddress address) =>
        Origin.Connections.Count(one => one.RemoteEndPoint is IPEndPoint to && to.Address.Equals(address));

    public long Closed(CloseReason reason) => Origin.ClosedBy.GetValueOrDefault(reason);

    public void Dispose()
    {
        Pool.Dispose();
        Settings.RefreshSlots.Dispose();
    }

    private async Task<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Attempts.Enqueue(endPoint.Address);
        Interlocked.Increment(ref _attempts);
        try
        {
            if (Refusing.ContainsKey(endPoint.Address))
            {
                throw new SocketException((int)SocketError.ConnectionRefused);
            }

            lock (Attempts)
            {
                MostSockets = Math.Max(MostSockets, Connecting + (Pool.Origins.Any() ? Pool.GetSnapshot().Open : 0));
            }

            if (Silent.ContainsKey(endPoint.Address))
            {
                var never = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await using CancellationTokenRegistration ends = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
                await never.Task;
            }

            return Stream.Null;
        }
        finally
        {
            Interlocked.Decrement(ref _attempts);
        }
    }
}
