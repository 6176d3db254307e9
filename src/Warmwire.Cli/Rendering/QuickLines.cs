using System.Globalization;
using Warmwire.Cli.Quick.Load;

namespace Warmwire.Cli.Rendering;

/// <summary>For logs and pipes: a line every ten seconds.</summary>
internal sealed class QuickLines : IQuickView
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    private readonly TextWriter _writer;
    private readonly TimeProvider _time;

    public QuickLines(TextWriter writer, TimeProvider time)
    {
        _writer = writer;
        _time = time;
    }

    public async Task RunAsync(Func<QuickProgress> look, Task work)
    {
        while (await Task.WhenAny(work, Task.Delay(s_interval, _time)) != work)
        {
            QuickProgress now = look();
            if (now.ElapsedSeconds > 0)
            {
                await _writer.WriteLineAsync(Line(now));
            }
        }

        await work;
    }

    internal static string Line(QuickProgress now) => string.Create(
        CultureInfo.InvariantCulture,
        $"{now.ElapsedSeconds:0} s: {Count(now.Look.Requests, "request")}, {Count(now.Look.Responses, "response")}, "
            + $"{Count(now.Look.Failed, "error")}, p50 {now.Look.P50 / 1e6:0.##} ms, p99 {now.Look.P99 / 1e6:0.##} ms"
            + $"{(now.IsClosedLoop ? " (closed loop, uncorrected)" : "")}, {Count(now.Open, "connection")} open, {now.Opened} opened");

    private static string Count(long count, string thing) => $"{count} {thing}{(count == 1 ? "" : "s")}";
}
