using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Warmwire.Samples.Hosting;

/// <summary>
/// The smallest Kestrel that serves a function: HTTP/1.1 on <c>PORT</c>, and nothing loaded that it does not need, because a function
/// starts often.
/// </summary>
internal static class FunctionHost
{
    /// <summary>Serves until the process is told to end. What keeps it from starting is one line on stderr and exit code 1.</summary>
    /// <param name="name">What the lines on stderr begin with.</param>
    /// <param name="map">Adds the function's routes.</param>
    /// <param name="port">The port if <c>PORT</c> is not set.</param>
    /// <param name="loopbackOnly">Whether only this machine may call. A function's callers come from outside of its container.</param>
    public static async Task<int> RunAsync(string name, Action<IEndpointRouteBuilder> map, int port = 8080, bool loopbackOnly = false)
    {
        string? text = Environment.GetEnvironmentVariable("PORT");
        if (!string.IsNullOrEmpty(text)
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > IPEndPoint.MaxPort))
        {
            return Refuse(name, $"PORT must be a number from 1 to {IPEndPoint.MaxPort}, not '{text}'");
        }

        await using WebApplication app = Build(port, loopbackOnly);
        map(app);
        try
        {
            await app.StartAsync();
        }
        catch (IOException e)
        {
            return Refuse(name, e.Message);
        }

        await Console.Out.WriteLineAsync($"{name}: listening on http://localhost:{port}");
        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Says why the program does not start.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string name, string reason)
    {
        Console.Error.WriteLine($"{name}: {reason}");
        return 1;
    }

    private static WebApplication Build(int port, bool loopbackOnly)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace)
            .SetMinimumLevel(LogLevel.Warning);
        // The host writes a failed start to its log with a stack; here it is a line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (loopbackOnly)
            {
                kestrel.ListenLocalhost(port);
            }
            else
            {
                kestrel.ListenAnyIP(port);
            }
        });
        return builder.Build();
    }
}
