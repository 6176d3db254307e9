namespace Warmwire.Bench;

/// <summary>Where things are: the repository, and what bench/bench has built.</summary>
internal static class Layout
{
    public static string Root { get; } = FindRoot();

    /// <summary>What is built for the bench; nothing in it is committed.</summary>
    public static string Built { get; } = Path.Combine(Root, "artifacts", "bench");

    public static string Client { get; } = ClientOf(Root);

    public static string Server { get; } = Path.Combine(Built, "server", "Warmwire.Bench.Server.dll");

    public static string Peers { get; } = Path.Combine(Built, "peers");

    public static string PeerSources { get; } = Path.Combine(Root, "bench", "peers");

    /// <summary>The client that bench/bench has built in a checkout.</summary>
    public static string ClientOf(string root) => Path.Combine(root, "artifacts", "bench", "client", "Warmwire.Bench.Client.dll");

    /// <summary>The proxy that bench/bench has built in a checkout.</summary>
    public static string ProxyOf(string root) => Path.Combine(root, "artifacts", "bench", "proxy", "Warmwire.Bench.Proxy.dll");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Warmwire.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new BenchFailure($"there is no Warmwire.slnx above {AppContext.BaseDirectory}");
    }
}
