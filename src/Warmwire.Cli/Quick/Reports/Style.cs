using System.Text;

namespace Warmwire.Cli.Quick.Reports;

/// <summary>How the page looks, on light, on dark, on narrow screens and on paper.</summary>
internal static class Style
{
    private const string Rules =
        """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--text)}
        body{font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:74rem;margin:0 auto;padding:2.5rem 1.5rem 3rem}
        h1,h2,h3,p,ul,dl,dd,figure{margin:0}
        .brand{color:var(--muted);font-size:.875rem}
        h1{font-size:1.75rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;margin:.25rem 0 .5rem;overflow-wrap:anywhere}
        h2{font-size:1.25rem;line-height:1.3;font-weight:650;margin:2.75rem 0 1rem}
        h3{font-size:1rem;line-height:1.4;font-weight:600;margin:0 0 .75rem}
        .facts{color:var(--muted)}
        .card{background:var(--card);border:1px solid var(--line);border-radius:.625rem;padding:1.125rem 1.25rem;min-width:0}
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));gap:1rem}
        .grid+.grid,.grid+.card{margin-top:1rem}
        .verdict{margin-top:1.75rem;border-left:.3125rem solid var(--blue);padding:1.25rem 1.5rem}
        .verdict h2{margin:0 0 .5rem;font-size:1.125rem}
        .verdict p{max-width:62rem;overflow-wrap:anywhere}
        .verdict p+p{margin-top:.375rem}
        .verdict .scroll{margin-top:1rem;max-width:46rem}
        .passed{border-left-color:var(--good)}
        .passed h2,td .yes{color:var(--good)}
        .failed{border-left-color:var(--red)}
        .failed h2,td .no{color:var(--red)}
        .warning{margin-top:1.75rem;background:var(--warn-ground);border:2px solid var(--warn);border-radius:.625rem;padding:1rem 1.25rem}
        .warning h2{margin:0 0 .25rem;font-size:1.125rem;color:var(--warn)}
        .warning ul{padding-left:1.25rem;margin-top:.5rem;overflow-wrap:anywhere}
        .keys{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:1px}
        .keys{background:var(--line);border:1px solid var(--line);border-radius:.625rem;overflow:hidden}
        .keys div{background:var(--card);padding:.875rem 1.125rem}
        .keys dt{color:var(--muted);font-size:.875rem}
        .keys dd{font-size:1.5rem;line-height:1.3;font-weight:600;letter-spacing:-.01em}
        .keys dd{font-variant-numeric:tabular-nums;white-space:nowrap}
        .keys small{display:block;color:var(--muted);font-size:.8125rem;font-weight:400;letter-spacing:0;white-space:normal}
        .keys .bad{color:var(--red)}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.9375rem;font-variant-numeric:tabular-nums}
        th,td{padding:.375rem .75rem;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--line)}
        th:first-child,td:first-child{padding-left:0}
        th:last-child,td:last-child{padding-right:0}
        tr:last-child>th[scope=row],tbody tr:last-child td{border-bottom:0}
        thead th{color:var(--muted);font-size:.8125rem;font-weight:500;vertical-align:bottom}
        tbody th{font-weight:400;overflow-wrap:break-word}
        .many tbody th{min-width:9rem}
        .number{text-align:right;white-space:nowrap}
        thead .number{white-space:normal}
        .message{overflow-wrap:anywhere;min-width:10rem;color:var(--muted)}
        .bar{width:40%}
        .bar svg{display:inline-block;width:100%;min-width:3rem}
        figcaption,.note{color:var(--muted);font-size:.875rem;margin-top:.75rem;overflow-wrap:anywhere}
        .note:first-child{margin-top:0}
        .plot{display:block;width:100%;height:auto;font-family:inherit}
        .plot .tick{fill:var(--muted)}
        .plot .name{fill:var(--text)}
        .plot .rule{stroke:var(--line)}
        .plot .base{stroke:var(--axis)}
        .track{fill:var(--line)}
        footer{margin-top:2.75rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.875rem}
        code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
        @media (max-width:40rem){
        main{padding:1.5rem 1rem 2rem}
        h1{font-size:1.375rem}
        h2{margin-top:2.25rem}
        .card{padding:1rem}
        .verdict{padding:1rem 1.125rem}
        .keys{grid-template-columns:repeat(2,minmax(0,1fr))}
        .keys div{padding:.75rem .875rem}
        .keys dd{font-size:1.25rem}
        table{font-size:.875rem}
        th,td{padding:.375rem .5rem}
        .plot{font-size:17px}
        .bar{width:25%}
        }
        @media print{
        @page{margin:14mm}
        body{font-size:10pt}
        main{max-width:none;padding:0}
        .grid{grid-template-columns:1fr 1fr}
        .card,.verdict,.warning,.keys,tr{break-inside:avoid}
        h2,h3{break-after:avoid}
        .scroll{overflow:visible}
        svg,.keys,.warning{-webkit-print-color-adjust:exact;print-color-adjust:exact}
        }
        """;

    /// <summary>Dark is for screens: paper is light.</summary>
    public static string Text { get; } =
        ":root{color-scheme:light;--page:#f6f7f9;--card:#fff;--line:#e1e5ea;--axis:#8a949e;--text:#1b2127;--muted:#57606a;"
        + "--good:#1a6b35;--warn:#8a4b00;--warn-ground:#fff6e5;"
        + Inks(ink => ink.Light)
        + "}\n@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;"
        + "--page:#0f1317;--card:#171c22;--line:#2a313a;--axis:#77828e;--text:#e7ebef;--muted:#a0abb6;"
        + "--good:#6fd08c;--warn:#ffc266;--warn-ground:#2b2112;"
        + Inks(ink => ink.Dark)
        + "}}\n"
        + Rules.ReplaceLineEndings("\n")
        + "\n"
        + Classes()
        + "\n";

    private static string Inks(Func<Ink, string> value) => string.Join(';', Ink.All.Select(ink => $"--{ink.Name}:{value(ink)}"));

    private static string Classes()
    {
        var classes = new StringBuilder();
        foreach (Ink ink in Ink.All)
        {
            classes.Append($$""".line-{{ink.Name}}{stroke:var(--{{ink.Name}})}.fill-{{ink.Name}}{fill:var(--{{ink.Name}})}""");
        }

        return classes.ToString();
    }
}
