using System.Diagnostics;
using Warmwire.Concurrency;

namespace Warmwire.Pooling;

/// <summary>
/// How many exchanges of one origin are under way: the sum of what its connections have. Guarded by the lock of the origin.
/// </summary>
internal sealed class ExchangeCount(AdaptiveLimit limit)
{
    public int Now { get; private set; }

    private void Change(int by)
    {
        Now += by;
        Debug.Assert(Now >= 0, "more exchanges ended than began");
        limit.UnderWay(Now);
    }

    /// <summary>
    /// What one connection adds to the sum. It is set to what the connection has and never counted up or down: so an exchange that ends in
    /// two ways ends once, and one whose end nobody tells ends with its connection.
    /// </summary>
    public struct Share
    {
        private ExchangeCount? _sum;
        private int _part;

        /// <summary>The connection's exchanges that count; zero where no sum is kept.</summary>
        public readonly int Part => _part;

        /// <summary>From here on the connection counts.</summary>
        public void Join(ExchangeCount sum)
        {
            Debug.Assert(_sum is null, "joined once");
            _sum = sum;
        }

        public void Is(int part)
        {
            Debug.Assert(part >= 0, "a number of exchanges");
            if (_sum is { } sum && part != _part)
            {
                int by = part - _part;
                _part = part;
                sum.Change(by);
            }
        }
    }
}
