using Warmwire.Connections;
using Warmwire.Http1.Wire;
using Warmwire.Timing;

namespace Warmwire.Http1.Flow;

/// <summary>
/// Reads the unread rest of a response, within limits, so that its connection can be kept. The one owner of the reading flow while it
/// runs.
/// </summary>
internal sealed class Http1Drain
{
    private readonly Http1Connection _connection;
    private readonly ConnectionServices _services;
    private DrainDeadline? _deadline;

    public Http1Drain(Http1Connection connection)
    {
        _connection = connection;
        _services = connection.Services;
    }

    /// <summary>
    /// Closes the connection for <paramref name="reason"/> if this exchange is not over in time. It names the exchange, so a late one harms
    /// no other.
    /// </summary>
    public void Limit(long exchangeId, TimeSpan timeout, CloseReason reason)
    {
        // Story: the exchange ends between the decision to limit it and this line, and the next one on the connection is limited already.
        // Its limit stays.
        var deadline = new DrainDeadline(_connection, exchangeId, reason);
        DrainDeadline? earlier;
        do
        {
            earlier = Volatile.Read(ref _deadline);
            if (earlier?.ExchangeId > exchangeId)
            {
                return;
            }
        }
        while (Interlocked.CompareExchange(ref _deadline, deadline, earlier) != earlier);

        if (earlier is not null)
        {
            _services.Deadlines.Cancel(earlier);
        }

        _services.Deadlines.Schedule(deadline, timeout);
    }

    public void Unlimit()
    {
        if (Interlocked.Exchange(ref _deadline, null) is { } deadline)
        {
            _services.Deadlines.Cancel(deadline);
        }
    }

    /// <param name="pendingFill">A read into the buffer that is under way, from a cancelled read of the body.</param>
    public void Start(Task<int>? pendingFill) => _ = RunAsync(pendingFill);

    private async Task RunAsync(Task<int>? pendingFill)
    {
        (int maxBytes, CloseReason limitReason) = _connection.Body.DrainLimits;
        Http1Reader reader = _connection.Reader;
        long skipped = 0;
        try
        {
            while (true)
            {
                if (pendingFill is not null)
                {
                    if (await pendingFill.ConfigureAwait(false) == 0)
                    {
                        _connection.Close(CloseReason.ServerClosed);
                        return;
                    }

                    pendingFill = null;
                }

                int count;
                do
                {
                    count = reader.NextBody(int.MaxValue).Length;
                    skipped += count;
                }
                while (count > 0);
                if (reader.BodyEnded)
                {
                    _ = _connection.Finish();
                    return;
                }

                if (reader.BodyEndsWithStream || skipped > maxBytes || reader.BodyRemaining > maxBytes - skipped)
                {
                    _connection.Close(limitReason);
                    return;
                }

                pendingFill = reader.FillAsync(Http1Limits.DrainBufferBytes).AsTask();
            }
        }
        catch (WireFormatException)
        {
            _connection.Close(CloseReason.ProtocolError);
        }
        catch (Exception)
        {
            _connection.Close(CloseReason.ReadError);
        }
    }

    private sealed class DrainDeadline(Http1Connection connection, long exchangeId, CloseReason reason) : Deadline
    {
        public long ExchangeId => exchangeId;

        protected override void OnExpired() => connection.Body.Expired(exchangeId, reason);
    }
}
