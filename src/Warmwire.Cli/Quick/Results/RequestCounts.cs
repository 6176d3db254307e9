namespace Warmwire.Cli.Quick.Results;

/// <summary>
/// How many connections carried how many requests. Numbers of more than three digits are rounded down to three, so that there are at most
/// some thousand different ones.
/// </summary>
internal sealed class RequestCounts
{
    private readonly SortedDictionary<long, long> _connections = [];
    private long _min = long.MaxValue;
    private long _max;

    public static RequestCounts Of(IEnumerable<KeyValuePair<long, long>> connectionsByRequests)
    {
        var counts = new RequestCounts();
        foreach ((long requests, long connections) in connectionsByRequests)
        {
            counts.Add(requests, connections);
        }

        return counts;
    }

    public void Add(long requests, long connections = 1)
    {
        if (connections <= 0)
        {
            return;
        }

        long rounded = Round(requests);
        _connections[rounded] = checked(_connections.GetValueOrDefault(rounded) + connections);
        _min = Math.Min(_min, requests);
        _max = Math.Max(_max, requests);
    }

    public RequestCounts Copy()
    {
        var copy = new RequestCounts { _min = _min, _max = _max };
        foreach ((long requests, long connections) in _connections)
        {
            copy._connections[requests] = connections;
        }

        return copy;
    }

    public RequestsPerConnection GetResult() => new()
    {
        Min = _connections.Count == 0 ? 0 : _min,
        Median = Median(),
        Max = _max,
        Counts = new SortedDictionary<long, long>(_connections),
    };

    private double Median()
    {
        long total = _connections.Values.Sum();
        return total == 0 ? 0 : (At((total - 1) / 2) + At(total / 2)) / 2.0;
    }

    private long At(long place)
    {
        foreach ((long requests, long connections) in _connections)
        {
            place -= connections;
            if (place < 0)
            {
                return requests;
            }
        }

        return _max;
    }

    private static long Round(long requests)
    {
        long unit = 1;
        while (requests / unit >= 1000)
        {
            unit *= 10;
        }

        return requests / unit * unit;
    }
}
