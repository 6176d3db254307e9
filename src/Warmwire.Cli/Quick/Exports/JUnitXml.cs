using System.Globalization;
using System.Xml;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>
/// The file of <c>--junit</c>: each condition is a test case, as CI systems show them, and so is the one of <c>--abort-on</c> that ended
/// the run. A run without any response has one more, which is an error, because then conditions say little.
/// </summary>
internal static class JUnitXml
{
    private const string ClassName = "warmwire.quick";

    public static void Write(TextWriter writer, QuickResult result)
    {
        bool hasResponses = result.Responses > 0;
        int aborts = result.Aborted is null ? 0 : 1;
        string failures = Text(result.Ensure.Count(static condition => !condition.Held) + aborts);
        string errors = hasResponses ? "0" : "1";
        string tests = Text(result.Ensure.Count + aborts + (hasResponses ? 0 : 1));
        string time = result.ElapsedSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        using var xml = XmlWriter.Create(writer, new XmlWriterSettings { Indent = true, NewLineChars = "\n", CloseOutput = false });
        xml.WriteStartElement("testsuites");
        Attributes(xml, ("name", "warmwire quick"), ("tests", tests), ("failures", failures), ("errors", errors), ("time", time));
        xml.WriteStartElement("testsuite");
        string timestamp = result.StartedAt.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        Attributes(
            xml, ("name", $"{result.Target.Method} {result.Target.Url}"), ("tests", tests), ("failures", failures), ("errors", errors),
            ("skipped", "0"), ("time", time), ("timestamp", timestamp));
        foreach (EnsureResult condition in result.Ensure)
        {
            Case(xml, condition.Condition, condition.Held ? null : "failure", $"{condition.Condition}: {condition.Actual}");
        }

        if (result.Aborted is { } aborted)
        {
            string when = aborted.AtSeconds.ToString("0.#", CultureInfo.InvariantCulture);
            Case(xml, $"not {aborted.Condition}", "failure", $"{aborted.Condition} held after {when} s: {aborted.Actual}");
        }

        if (!hasResponses)
        {
            Case(xml, "responses", "error", $"no request to {result.Target.Url} got a response");
        }

        xml.WriteElementString("system-out", Clean(string.Join('\n', result.Verdict)));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Case(XmlWriter xml, string name, string? outcome, string message)
    {
        xml.WriteStartElement("testcase");
        Attributes(xml, ("classname", ClassName), ("name", name), ("time", "0"));
        if (outcome is not null)
        {
            xml.WriteStartElement(outcome);
            Attributes(xml, ("message", message), ("type", "ensure"));
            xml.WriteString(Clean(message));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void Attributes(XmlWriter xml, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        foreach ((string name, string value) in attributes)
        {
            xml.WriteAttributeString(name, Clean(value));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Messages of errors may have what XML cannot.</summary>
    private static string Clean(string text) => string.Concat(text.EnumerateRunes().Select(static rune =>
        rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\ufffd" : rune.ToString()));
}
