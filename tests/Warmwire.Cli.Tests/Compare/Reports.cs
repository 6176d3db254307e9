using Warmwire.Cli.Compare;
using Warmwire.Cli.Measuring;

namespace Warmwire.Cli.Tests.Compare;

/// <summary>A report as a usual run makes it, for tests to change.</summary>
internal static class Reports
{
    public static RowReport Before { get; } = new(RowNames.NewHandlerPerRequest, 2000, 0, 2000, 0, 0, 7736, 12, 19.32, 410, 19_167, 1998);

    public static RowReport Sockets { get; } = new(RowNames.SocketsHttpHandler, 2000, 0, 32, 0, 98.4, 27_314, 1.04, 2.85, 150, 2206, 0);

    public static RowReport Warmwire { get; } = new(RowNames.Warmwire, 2000, 0, 32, 0, 98.4, 30_935, 1, 2.3, 100, 1207, 0);

    public static CompareReport Make(RowReport? before = null, RowReport? warmwire = null) =>
        new("http://127.0.0.1:5000/", "http", 0, 32, 2000, [before ?? Before, Sockets, warmwire ?? Warmwire]);
}
