using Warmwire.Cli.Quick.Results;
namespace Warmwire.Cli.Quick.Reports;
internal static class HtmlReport { public static void Write(TextWriter writer, QuickResult result) => writer.Write(result.Target.Url); }
