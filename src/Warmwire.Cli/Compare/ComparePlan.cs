namespace Warmwire.Cli.Compare;

/// <summary>How many requests each row makes, and how it warms up.</summary>
/// <param name="Requests">Requests of the rows that reuse connections.</param>
/// <param name="RequestsOfNewHandlers">Requests of the row with a new handler for each; fewer where local ports are scarce.</param>
/// <param name="WarmUpRequests">At most so many requests to warm up a row that reuses connections.</param>
/// <param name="WarmUpRequestsOfNewHandlers">The same for the row with a new handler for each.</param>
internal sealed record ComparePlan(int Requests, int RequestsOfNewHandlers, int WarmUpRequests, int WarmUpRequestsOfNewHandlers)
{
    public static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(1.2);

    /// <summary>Time that round trips may take in all rows together, so that the whole comparison stays under 20 seconds.</summary>
    private static readonly TimeSpan s_distanceBudget = TimeSpan.FromSeconds(11);

    private const int WarmUpRequestsOfGivenServer = 200;
    private const int WarmUpRequestsOfEmbeddedServer = 100_000;
    private const int WarmUpConnections = 512;

    public static ComparePlan Make(CompareSettings options)
    {
        // Through the relay a connection takes two ports: the client's and the relay's.
        return Make(options, PortBudget.Connections(options.RoundTrip > TimeSpan.Zero ? 2 : 1));
    }

    public static ComparePlan Make(CompareSettings options, int portBudget)
    {
        int requests = options.Requests ?? DefaultRequests(options);
        int warmUp = options.Url is null ? WarmUpRequestsOfEmbeddedServer : Math.Min(requests, WarmUpRequestsOfGivenServer);
        return new ComparePlan(
            requests,
            Math.Min(requests, portBudget),
            warmUp,
            Math.Clamp(portBudget / 4, 1, Math.Min(warmUp, WarmUpConnections)));
    }

    private static int DefaultRequests(CompareSettings options)
    {
        if (options.RoundTrip == TimeSpan.Zero)
        {
            return CompareSettings.DefaultRequests;
        }

        // A round of new handlers takes a connect, with TLS 1.3 a handshake, and the exchange, one round trip each; a round of the others
        // is the exchange, and their first round also connects.
        int opening = options.Scheme == Uri.UriSchemeHttps ? 2 : 1;
        double roundTrips = s_distanceBudget / options.RoundTrip;
        int rounds = (int)Math.Max(1, (roundTrips - (2 * opening)) / (opening + 3));
        return (int)Math.Min(CompareSettings.DefaultRequests, (long)rounds * options.Concurrency);
    }
}
