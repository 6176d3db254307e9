using System.Buffers.Binary;
using System.Xml.Linq;
using Microsoft.Playwright;
using Spectre.Console.Rendering;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Rendering.Charts;
using Warmwire.Cli.Tests.Quick.Reports;
using Warmwire.Cli.Tests.Rendering.Charts;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Pictures;

/// <summary>
/// The pictures of the README. With WARMWIRE_PICTURES=write they are made anew; without it, they must be what the program shows.
/// </summary>
public sealed class ReadmePicturesTests
{
    private const int MaxBytes = 150_000;
    private const int Columns = 100;
    private const int Lines = 30;
    private const int PageWidth = 1100;
    private const int Margin = 16;
    private const float Scale = 0.85f;

    private static readonly bool s_writes = Environment.GetEnvironmentVariable("WARMWIRE_PICTURES") == "write";

    [Fact]
    public void The_live_view_is_what_a_terminal_shows()
    {
        List<List<Segment>> screen = ScriptedRun.Segments(
            ScriptedRun.HalfWay, ScriptedRun.History(150), Glyphs.Blocks, Columns, Lines);
        string svg = TerminalPicture.Draw("The live view of warmwire quick", screen, Columns);
        string file = Repository.Path("docs/pictures/live-view.svg");
        Write(file, System.Text.Encoding.UTF8.GetBytes(svg));
        Assert.True(
            svg == File.ReadAllText(file), "docs/pictures/live-view.svg is not what the live view shows; WARMWIRE_PICTURES=write makes it");
        Assert.InRange(new FileInfo(file).Length, 5_000, MaxBytes);
        XNamespace ns = "http://www.w3.org/2000/svg";
        XElement root = XDocument.Parse(svg).Root!;
        Assert.Contains(root.Elements(ns + "text"), static text => text.Value.StartsWith("p50 2.34 ms", StringComparison.Ordinal));
        Assert.True(root.Elements(ns + "rect").Count() > 100);
    }

    [Fact]
    public async Task The_report_is_what_a_browser_shows()
    {
        string? chromium = HtmlReportBrowserTests.Chromium;
        if (chromium is null)
        {
            Assert.Skip("chromium is not installed (apt-get install chromium)");
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("warmwire-pictures-");
        try
        {
            string html = Path.Combine(folder.FullName, "report.html");
            await using (var writer = new StreamWriter(html))
            {
                HtmlReport.Write(writer, SampleResults.After);
            }

            using IPlaywright playwright = await Playwright.CreateAsync();
            await using IBrowser browser = await playwright.Chromium.LaunchAsync(HtmlReportBrowserTests.Options(chromium));
            await using IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
            {
                ColorScheme = ColorScheme.Light,
                ViewportSize = new ViewportSize { Width = PageWidth, Height = 900 },
                DeviceScaleFactor = Scale,
            });
            IPage page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(html).AbsoluteUri);

            // From the latencies to the first charts over time.
            ILocator map = page.Locator("figure", new PageLocatorOptions { HasText = "Latency heat map" });
            LocatorBoundingBoxResult from = (await page.Locator("h2", new PageLocatorOptions { HasText = "Latency" }).BoundingBoxAsync())!;
            LocatorBoundingBoxResult to = (await map.BoundingBoxAsync())!;
            byte[] png = await page.ScreenshotAsync(new PageScreenshotOptions
            {
                FullPage = true,
                Clip = new Clip { X = 0, Y = from.Y - Margin, Width = PageWidth, Height = to.Y + to.Height - from.Y + (2 * Margin) },
            });
            string file = Repository.Path("docs/pictures/report.png");
            Write(file, png);

            // Fonts differ from machine to machine, so that pixels are not compared.
            byte[] kept = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            Assert.Equal(((int)(PageWidth * Scale), Size(png).Width), (Size(kept).Width, Size(kept).Width));
            Assert.InRange(Size(kept).Height, Size(png).Height * 0.8, Size(png).Height * 1.25);
            Assert.InRange(kept.Length, png.Length / 3, MaxBytes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_readme_shows_both()
    {
        string readme = File.ReadAllText(Repository.Path("README.md"));
        Assert.Contains("](docs/pictures/live-view.svg)", readme, StringComparison.Ordinal);
        Assert.Contains("](docs/pictures/report.png)", readme, StringComparison.Ordinal);
    }

    private static void Write(string file, byte[] bytes)
    {
        if (s_writes)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }

    /// <summary>Of the header of a PNG.</summary>
    private static (int Width, int Height) Size(byte[] png) =>
        (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
}
