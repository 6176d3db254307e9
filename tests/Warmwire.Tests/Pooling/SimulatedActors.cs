using System.Globalization;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Pooling;

/// <summary>
/// One request and what its sender does with the answer: every third reads it at once, every third reads it when told to go on, and the
/// last third throws it away then.
/// </summary>
internal sealed class SimulatedCaller : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasAnswer;

    public SimulatedCaller(PoolRig rig, int id, string origin)
    {
        Id = id;
        if (id % 3 == 0)
        {
            GoOn();
        }

        Outcome = RunAsync(rig, origin);
    }

    public int Id { get; }

    public Task Outcome { get; }

    public bool HasGoneOn => _goOn.Task.IsCompleted;

    /// <summary>It has the head of its answer and was not told to go on.</summary>
    public bool HoldsAnswer => _hasAnswer && !HasGoneOn && !Outcome.IsCompleted;

    public void GoOn() => _goOn.TrySetResult();

    public void Cancel() => _cancellation.Cancel();

    public void Check(bool mayFail, string when)
    {
        if (Outcome.Exception?.InnerException is { } failure)
        {
            bool transport = failure is TransportException or HttpIOException;
            Assert.True(transport && mayFail, $"{when}: request {Id} failed: {failure}");
        }

        Assert.True(!Outcome.IsCanceled || _cancellation.IsCancellationRequested, $"{when}: request {Id} was cancelled by nobody");
    }

    public void Dispose() => _cancellation.Dispose();

    private async Task RunAsync(PoolRig rig, string origin)
    {
        using HttpResponseMessage response = await rig.Get(origin + Id, _cancellation.Token).ConfigureAwait(false);
        _hasAnswer = true;
        Assert.Equal(SimulatedPeer.Body(Id).Length, response.Content.Headers.ContentLength);
        Assert.Equal(Id.ToString(CultureInfo.InvariantCulture), response.Headers.GetValues("X-Id").Single());
        await _goOn.Task.WaitAsync(_cancellation.Token).ConfigureAwait(false);
        if (Id % 3 != 2)
        {
            Assert.Equal(SimulatedPeer.Body(Id), await response.Content.ReadAsStringAsync(_cancellation.Token).ConfigureAwait(false));
        }
    }
}

/// <summary>A server of one connection that reads requests as they come and answers when told.</summary>
internal sealed class SimulatedPeer
{
    private readonly ScriptedPeer _peer;
    private readonly Lock _gate = new();
    private readonly StringBuilder _received = new();
    private readonly Task _reading;
    private int? _request;
    private int? _owed;
    private int? _answered;

    public SimulatedPeer(ScriptedPeer peer)
    {
        _peer = peer;
        _reading = ReadAsync();
    }

    public bool ClientClosed => _peer.ClientClosed.IsCompleted;

    /// <summary>The server has ended the connection.</summary>
    public bool IsGone { get; private set; }

    public bool HasRequest => Read(() => _request is not null) && !IsGone && !ClientClosed;

    public bool OwesBody => Read(() => _owed is not null) && !IsGone && !ClientClosed;

    /// <summary>The request whose answer was begun here last, until the next request comes.</summary>
    public int? Answered => Read(() => _answered);

    public bool IsFree => !HasRequest && !OwesBody && !IsGone && !ClientClosed;

    /// <summary>Fails if something came that must not come.</summary>
    public void Check(string when) => Assert.True(!_reading.IsFaulted, $"{when}: {_reading.Exception?.InnerException?.Message}");

    public static string Body(int id) => $"the answer to {id}";

    public Task AnswerAsync(string header) => SendAsync(TakeRequest(owe: false), header, whole: true);

    public Task AnswerHalfAsync() => SendAsync(TakeRequest(owe: true), "", whole: false);

    public Task FinishBodyAsync()
    {
        int id;
        lock (_gate)
        {
            id = _owed!.Value;
            _owed = null;
        }

        return WriteAsync(Body(id)[5..]);
    }

    public void Close()
    {
        IsGone = true;
        _peer.Close();
    }

    public void Reset()
    {
        IsGone = true;
        _peer.Reset();
    }

    private Task SendAsync(int id, string header, bool whole) =>
        WriteAsync(
            $"HTTP/1.1 200 OK\r\nX-Id: {id}\r\n{header}Content-Length: {Body(id).Length}\r\n\r\n{(whole ? Body(id) : Body(id)[..5])}");

    private int TakeRequest(bool owe)
    {
        lock (_gate)
        {
            int id = _request!.Value;
            _request = null;
            _owed = owe ? id : null;
            _answered = id;
            return id;
        }
    }

    private async Task WriteAsync(string text)
    {
        try
        {
            await _peer.End.WriteAsync(Encoding.Latin1.GetBytes(text)).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The client has closed meanwhile.
        }
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[1024];
        try
        {
            int read;
            while ((read = await _peer.End.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                lock (_gate)
                {
                    _received.Append(Encoding.Latin1.GetString(buffer, 0, read));
                    string text = _received.ToString();
                    if (text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    {
                        // A connection carries one exchange at a time: a second request before the answer would be a second owner.
                        Assert.True(_request is null && _owed is null, $"two requests at one time: {text}");
                        _request = int.Parse(ReceivedRequest.Parse(text).Target[1..], CultureInfo.InvariantCulture);
                        _answered = null;
                        _received.Clear();
                    }
                }
            }
        }
        catch (IOException)
        {
            // closed or reset
        }
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
