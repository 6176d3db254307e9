using System.Text.Json;
using Microsoft.Playwright;
using Warmwire.Cli.Quick.Reports;
using Warmwire.Cli.Quick.Results;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Reports;

/// <summary>
/// What only a browser knows: whether the page keeps to its policy, fits, and can be read. Its pictures are kept in artifacts/screenshots.
/// </summary>
public sealed class HtmlReportBrowserTests
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>
    /// Pairs of texts in one chart that cover each other by more than a pixel; the letters of a page that is not shown have no place, so it
    /// must be shown.
    /// </summary>
    private const string Overlaps =
        """
        () => [...document.querySelectorAll('svg')].flatMap(svg => {
          const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
          const frame = svg.getBoundingClientRect();
          const name = svg.getAttribute('aria-label');
          const outside = texts
            .filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
              || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
            .map(([text]) => `${name}: ${text} is outside`);
          const covered = texts.flatMap(([text, box], i) => texts.slice(i + 1)
            .filter(([, other]) => box.left < other.right - 1 && other.left < box.right - 1
              && box.top < other.bottom - 1 && other.top < box.bottom - 1)
            .map(([other]) => `${name}: ${text} and ${other}`));
          return [...outside, ...covered];
        })
        """;

    private const string EmptyCharts =
        """
        () => [...document.querySelectorAll('svg')].filter(svg => {
          const box = svg.getBoundingClientRect();
          return box.width < 5 || box.height < 5 || svg.getBBox().width <= 0;
        }).map(svg => svg.getAttribute('aria-label'))
        """;

    /// <summary>The lowest contrast of any text with what is behind it, as WCAG computes it.</summary>
    private const string PoorContrast =
        """
        () => {
          const parse = color => (color.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
          const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = element => {
            for (let e = element; e; e = e.parentElement) {
              const color = parse(getComputedStyle(e).backgroundColor);
              if (color.length < 4 || color[3] > 0) return color;
            }
            return [255, 255, 255];
          };
          return [...document.querySelectorAll('body *')]
            .filter(e => !['title', 'desc'].includes(e.tagName) && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
            .map(e => {
              const style = getComputedStyle(e);
              const [a, b] = [light(parse(e.tagName === 'text' ? style.fill : style.color)), light(ground(e))].sort((x, y) => y - x);
              return [e.textContent.slice(0, 40), (a + 0.05) / (b + 0.05)];
            })
            .filter(([, contrast]) => contrast < 4.5)
            .map(([text, contrast]) => `${text}: ${contrast.toFixed(2)}`);
        }
        """;

    /// <summary>Where the browser is, or <see langword="null"/>.</summary>
    internal static string? Chromium => s_places.FirstOrDefault(File.Exists);

    internal static BrowserTypeLaunchOptions Options(string chromium) => new()
    {
        ExecutablePath = chromium,
        Args =
        [
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--no-first-run",
        ],
    };

    [Fact]
    public async Task The_report_is_read_in_a_browser_on_light_and_dark_wide_and_narrow()
    {
        string? chromium = Chromium;
        if (chromium is null)
        {
            Assert.Skip("chromium is not installed (apt-get install chromium)");
        }

        string pictures = Repository.Path("artifacts/screenshots");
        Directory.CreateDirectory(pictures);
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(Options(chromium));
        foreach ((string name, QuickResult result, ColorScheme[] schemes) in ((string, QuickResult, ColorScheme[])[])
        [
            ("after", SampleResults.After, [ColorScheme.Light]),
            ("before", SampleResults.Before, [ColorScheme.Light, ColorScheme.Dark]),
            ("tiny", SampleResults.Tiny, [ColorScheme.Dark]),
        ])
        {
            string file = Path.Combine(pictures, $"report-{name}.html");
            await using (var writer = new StreamWriter(file))
            {
                HtmlReport.Write(writer, result);
            }

            foreach (ColorScheme scheme in schemes)
            {
                string picture = Path.Combine(pictures, $"report-{name}-{scheme.ToString().ToLowerInvariant()}");
                await Look(browser, file, result, scheme, picture);
            }
        }
    }

    private static async Task Look(IBrowser browser, string file, QuickResult result, ColorScheme scheme, string picture)
    {
        await using IBrowserContext context = await browser.NewContextAsync(
            new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        IPage page = await context.NewPageAsync();
        List<string> complaints = [];
        List<string> requests = [];
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        context.Request += (_, request) => requests.Add(request.Url);

        string address = new Uri(file).AbsoluteUri;
        await page.GotoAsync(address);
        foreach (int width in (int[])[1280, 390])
        {
            await page.SetViewportSizeAsync(width, 900);
            Assert.True(
                await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth") <= width, $"{picture} is wider than {width}");
            Assert.Empty(await Texts(page, Overlaps));
            Assert.Empty(await Texts(page, EmptyCharts));
            Assert.Empty(await Texts(page, PoorContrast));
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = $"{picture}-{width}.png", FullPage = true });
        }

        Assert.True(await page.GetByText(result.Verdict[0]).IsVisibleAsync());
        foreach (string key in (string[])["Requests", "Errors", "Connections opened", "Peak open", "p99"])
        {
            Assert.True(await page.Locator("dl").GetByText(key, new LocatorGetByTextOptions { Exact = true }).IsVisibleAsync(), key);
        }

        Assert.Equal([address], requests);
        Assert.Empty(complaints);
    }

    private static async Task<string[]> Texts(IPage page, string script) =>
        (await page.EvaluateAsync<JsonElement>(script)).Deserialize<string[]>()!;
}
