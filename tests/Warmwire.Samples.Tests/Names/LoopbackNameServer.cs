using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Samples.Tests.Names;

/// <summary>dnsmasq on loopback, with a file of hosts that a test changes while it runs.</summary>
internal sealed class LoopbackNameServer : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("warmwire-");
    private readonly TaskCompletionSource<string?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;
    private volatile string _said = "";

    private LoopbackNameServer(string binary, string name, string[] addresses)
    {
        Write(name, addresses);
        using (var probe = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0)))
        {
            EndPoint = (IPEndPoint)probe.Client.LocalEndPoint!;
        }

        var info = new ProcessStartInfo(binary) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", "--local-ttl=1",
                "--log-facility=-", "--listen-address=127.0.0.1", "--bind-interfaces", "--local=/test/", $"--addn-hosts={Hosts}",
                string.Create(CultureInfo.InvariantCulture, $"--port={EndPoint.Port}"), $"--user={Environment.UserName}",
            ])
        {
            info.ArgumentList.Add(argument);
        }

        _process = Process.Start(info)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += (_, line) =>
        {
            _said += line.Data + "\n";
            if (line.Data?.Contains("started", StringComparison.Ordinal) != false)
            {
                _started.TrySetResult(line.Data);
            }
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IPEndPoint EndPoint { get; }

    private string Hosts => Path.Combine(_directory.FullName, "hosts");

    public static async Task<LoopbackNameServer> StartAsync(string name, params string[] addresses)
    {
        string? binary = new[] { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/sbin/dnsmasq" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(binary is null, "dnsmasq is not installed.");
        for (int left = 20; ; left--)
        {
            var server = new LoopbackNameServer(binary, name, addresses);
            if (await Guard.Within(server._started.Task, static () => "dnsmasq does not start") is not null)
            {
                return server;
            }

            // Its port is taken for TCP, or tests beside this one use all that the system has of something.
            string said = server._said;
            await server.DisposeAsync();
            Assert.True(left > 0, $"dnsmasq does not start: {said}");
            await Task.Delay(500);
        }
    }

    /// <summary>The name has these addresses from now on.</summary>
    public async Task SetAsync(string name, params string[] addresses)
    {
        Write(name, addresses);
        using Process signal = Process.Start("kill", ["-HUP", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await signal.WaitForExitAsync();
    }

    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await Guard.Within(_process.WaitForExitAsync(), static () => "dnsmasq does not end");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Write(string name, string[] addresses) =>
        File.WriteAllLines(Hosts, addresses.Select(address => $"{address} {name}"));
}
