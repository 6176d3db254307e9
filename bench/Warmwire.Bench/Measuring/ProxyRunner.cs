using System.Globalization;
using Warmwire.Bench.Processes;

namespace Warmwire.Bench.Measuring;

/// <summary>
/// A process that stands between a load generator and the server: what the generator tells of a round, with what the process has used
/// meanwhile in place of what the generator has.
/// </summary>
internal sealed class ProxyRunner : IRunner
{
    private const string Greeting = "ready ";
    private static readonly string[] s_used = ["userUs", "systemUs", "voluntary", "involuntary", "allocated"];

    private readonly LineProcess _process;
    private IRunner? _load;

    private ProxyRunner(LineProcess process) => _process = process;

    /// <param name="role">What it is, for messages.</param>
    /// <param name="command">Program and arguments of the proxy.</param>
    /// <param name="environment">Variables on top of this process's own.</param>
    /// <param name="load">Makes the load generator, for a URL of the proxy.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<IRunner> StartAsync(
        string role,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> environment,
        Func<string, CancellationToken, Task<IRunner>> load,
        string path,
        CancellationToken cancellationToken)
    {
        var runner = new ProxyRunner(LineProcess.Start(role, command, environment));
        try
        {
            string greeting = await runner._process.ReceiveAsync(cancellationToken);
            if (!greeting.StartsWith(Greeting, StringComparison.Ordinal)
                || !int.TryParse(greeting.AsSpan(Greeting.Length), CultureInfo.InvariantCulture, out int port))
            {
                throw new BenchFailure($"{role} said '{greeting}' in place of '{Greeting}' and a port");
            }

            runner._load = await load(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}{path}"), cancellationToken);
            return runner;
        }
        catch
        {
            await runner.DisposeAsync();
            throw;
        }
    }

    public async Task<Sample> RunAsync(double seconds, CancellationToken cancellationToken)
    {
        await UsedAsync(cancellationToken);
        Sample sample = await _load!.RunAsync(seconds, cancellationToken);
        Sample used = await UsedAsync(cancellationToken);
        foreach (string name in s_used)
        {
            sample[name] = used[name];
        }

        return sample;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        if (_load is not null)
        {
            await _load.DisposeAsync();
        }
    }

    private async Task<Sample> UsedAsync(CancellationToken cancellationToken)
    {
        await _process.SendAsync("used");
        return Sample.Parse(await _process.ReceiveAsync(cancellationToken));
    }
}
