using System.Globalization;

namespace Warmwire.Bench;

/// <summary>What the command line says.</summary>
internal sealed record BenchOptions
{
    public const string Help = """
        usage: bench/bench [--quick] [--peers] [--only NAME]... [--output FILE] ...

        Measures PooledHttpHandler against SocketsHttpHandler, round by round in turn, and prints Markdown. Takes
        about three quarters of an hour.

          --quick            fewer scenarios, shorter rounds: a few minutes, and noisier
          --only NAME        only scenarios whose name contains this; may be repeated
          --peers            also Go, undici, java.net.http, wrk and h2load, where they are installed
          --floor            also a handler that answers from memory: what the public types cost by themselves
          --before FOLDER    also Warmwire as built in another checkout, where bench/bench has run; the ratios are to it
          --both-back-ends   also Warmwire over managed sockets (WARMWIRE_SOCKETS=managed)
          --rounds N         measured rounds per scenario
          --seconds S        length of a round
          --server-core N    the core of the server (default 0)
          --client-core N    the core of the clients (default 1)
          --kestrel          use the Kestrel server also where nginx is installed
          --output FILE      write the Markdown to a file too
          --list             print the names of the scenarios
          -h, --help         this text
        """;

    public bool Quick { get; private set; }

    public bool Peers { get; private set; }

    public bool Floor { get; private set; }

    public bool BothBackEnds { get; private set; }

    /// <summary>Another checkout of the repository whose client takes part.</summary>
    public string? Before { get; private set; }

    public bool Kestrel { get; private set; }

    public bool List { get; private set; }

    public IReadOnlyList<string> Only { get; private set; } = [];

    public int? Rounds { get; private set; }

    public double? Seconds { get; private set; }

    public int ServerCore { get; private set; }

    public int ClientCore { get; private set; } = 1;

    public string? Output { get; private set; }

    /// <returns><see langword="null"/> if the help is asked for.</returns>
    public static BenchOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchOptions();
        List<string> only = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            string Value() =>
                ++i < arguments.Count ? arguments[i] : throw new BenchFailure($"{name} needs a value; see bench/bench --help");
            switch (name)
            {
                case "--quick": options.Quick = true; break;
                case "--peers": options.Peers = true; break;
                case "--floor": options.Floor = true; break;
                case "--before": options.Before = Path.GetFullPath(Value()); break;
                case "--both-back-ends": options.BothBackEnds = true; break;
                case "--kestrel": options.Kestrel = true; break;
                case "--list": options.List = true; break;
                case "--only": only.Add(Value()); break;
                case "--rounds": options.Rounds = Number(name, Value()); break;
                case "--seconds": options.Seconds = PositiveSeconds(name, Value()); break;
                case "--server-core": options.ServerCore = Number(name, Value()); break;
                case "--client-core": options.ClientCore = Number(name, Value()); break;
                case "--output": options.Output = Value(); break;
                case "-h" or "--help": return null;
                default: throw new BenchFailure($"unknown argument '{name}'; see bench/bench --help");
            }
        }

        options.Only = only;
        return options;
    }

    private static int Number(string name, string value) =>
        int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number >= 0
            ? number
            : throw new BenchFailure($"{name} must be a number, not '{value}'");

    private static double PositiveSeconds(string name, string value) =>
        double.TryParse(value, CultureInfo.InvariantCulture, out double number) && number > 0
            ? number
            : throw new BenchFailure($"{name} must be a number, not '{value}'");
}
