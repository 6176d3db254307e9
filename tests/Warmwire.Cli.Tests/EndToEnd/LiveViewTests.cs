using System.Diagnostics;
using Warmwire.Cli.Tests.Quick;
using Xunit;

namespace Warmwire.Cli.Tests.EndToEnd;

/// <summary>The live view in a terminal, which tmux is.</summary>
public sealed class LiveViewTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("warmwire-live-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(60, 12, "")]
    [InlineData(100, 30, "")]
    [InlineData(200, 50, "")]
    [InlineData(100, 24, "NO_COLOR=1")]
    public async Task It_shows_the_run_and_makes_way_for_the_summary(int width, int height, string environment)
    {
        Assert.SkipUnless(await TmuxSession.IsInstalledAsync(), "tmux is not installed (apt-get install tmux)");
        await using LoadTarget target = await LoadTarget.StartAsync();
        string recording = Path.Combine(_folder.FullName, "bytes");
        await using TmuxSession session = await TmuxSession.StartAsync(
            _folder.FullName, width, height, environment, recording, "quick", "-r", "20", "-d", "8", "--pid", "none",
            target.Url.ToString());

        // The heat map, once two seconds have ended.
        string[] screen = await Until(session, lines => lines.Any(static line => Cells(line) >= 2));
        string[] names =
        [
            "time         ", "responses    ", "latency      p50 ", "connections  ", "open         ", "opened       ", "closed       ",
        ];
        foreach (string name in names)
        {
            Assert.Contains(screen, line => line.StartsWith(name, StringComparison.Ordinal));
        }

        Assert.All(screen, line => Assert.InRange(line.Length, 0, width));
        bool isAscii = environment.Length > 0;
        Assert.Equal(isAscii, screen.All(static line => line.All(char.IsAscii)));

        // In place of the live view at its end.
        screen = await Until(session, static lines => lines.Any(static line => line.Contains("load generator", StringComparison.Ordinal)));
        Assert.DoesNotContain(screen, static line => line.StartsWith("time         ", StringComparison.Ordinal));

        // What was drawn was drawn over: nothing was erased while the run went on, which would flicker.
        string bytes = await File.ReadAllTextAsync(recording, TestContext.Current.CancellationToken);
        int last = bytes.LastIndexOf(" of 8 s", StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2J", bytes[..last], StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[2K", bytes[..last], StringComparison.Ordinal);
        Assert.Equal(isAscii, !bytes.Contains("\u001b[38;", StringComparison.Ordinal));
    }

    private static int Cells(string line) =>
        line.Length > 13 && line[..13].Contains("< ", StringComparison.Ordinal) ? line[13..].Count(static cell => cell != ' ') : 0;

    private static async Task<string[]> Until(TmuxSession session, Func<string[], bool> isThere)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            string[] screen = await session.ScreenAsync();
            if (isThere(screen))
            {
                return screen;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(120), string.Join('\n', screen));

            // Real time: another program draws the screen.
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
