using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using Warmwire.Cli.Quick.Exports;
using Warmwire.Cli.Quick.Results;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Exports;

public sealed class JUnitXmlTests
{
    /// <summary>
    /// What Jenkins, GitLab, GitHub's and Azure's readers have in common: which elements there are, in which order, and which attributes
    /// each needs.
    /// </summary>
    private const string Schema =
        """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
          <xs:attributeGroup name="counts">
            <xs:attribute name="name" type="xs:string" use="required"/>
            <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
            <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
            <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
            <xs:attribute name="time" type="xs:decimal" use="required"/>
          </xs:attributeGroup>
          <xs:complexType name="problem">
            <xs:simpleContent>
              <xs:extension base="xs:string">
                <xs:attribute name="message" type="xs:string" use="required"/>
                <xs:attribute name="type" type="xs:string" use="required"/>
              </xs:extension>
            </xs:simpleContent>
          </xs:complexType>
          <xs:element name="testsuites">
            <xs:complexType>
              <xs:sequence>
                <xs:element name="testsuite">
                  <xs:complexType>
                    <xs:sequence>
                      <xs:element name="testcase" minOccurs="0" maxOccurs="unbounded">
                        <xs:complexType>
                          <xs:choice minOccurs="0">
                            <xs:element name="failure" type="problem"/>
                            <xs:element name="error" type="problem"/>
                          </xs:choice>
                          <xs:attribute name="classname" type="xs:string" use="required"/>
                          <xs:attribute name="name" type="xs:string" use="required"/>
                          <xs:attribute name="time" type="xs:decimal" use="required"/>
                        </xs:complexType>
                      </xs:element>
                      <xs:element name="system-out" type="xs:string"/>
                    </xs:sequence>
                    <xs:attributeGroup ref="counts"/>
                    <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
                    <xs:attribute name="timestamp" type="xs:dateTime" use="required"/>
                  </xs:complexType>
                </xs:element>
              </xs:sequence>
              <xs:attributeGroup ref="counts"/>
            </xs:complexType>
          </xs:element>
        </xs:schema>
        """;

    /// <summary>The one that the system's packages are for, where there are several.</summary>
    private const string SystemPython = "/usr/bin/python3";

    [Fact]
    public void Each_condition_is_a_test_case()
    {
        XElement suite = Read(QuickResults.Usual() with
        {
            Ensure = [new EnsureResult("p(95)<500", true, "181 ms"), new EnsureResult("errors<1%", false, "5 % (10 of 200)")],
            Verdict = ["<One> & two."],
        });
        Assert.Equal(("2", "1", "0"), (Attribute(suite, "tests"), Attribute(suite, "failures"), Attribute(suite, "errors")));
        Assert.Equal("2026-01-02T03:04:05", Attribute(suite, "timestamp"));
        XElement[] cases = [.. suite.Elements("testcase")];
        Assert.Equal(["p(95)<500", "errors<1%"], cases.Select(static one => Attribute(one, "name")));
        Assert.Empty(cases[0].Elements());
        Assert.Equal("errors<1%: 5 % (10 of 200)", Attribute(Assert.Single(cases[1].Elements("failure")), "message"));
        Assert.Equal("<One> & two.", suite.Element("system-out")!.Value);
    }

    [Fact]
    public void A_run_without_responses_is_an_error()
    {
        XElement suite = Read(QuickResults.Empty() with { Ensure = [new EnsureResult("connections<=30", true, "0")] });
        Assert.Equal(("2", "0", "1"), (Attribute(suite, "tests"), Attribute(suite, "failures"), Attribute(suite, "errors")));
        Assert.Equal("no request to http://127.0.0.1:5000/ got a response", Attribute(suite.Descendants("error").Single(), "message"));
    }

    [Fact]
    public void Characters_that_xml_cannot_have_do_no_harm()
    {
        XElement suite = Read(QuickResults.Usual() with
        {
            Ensure = [new EnsureResult("a\u0001b", false, "\ud83d\ude00 \u0000")],
            Verdict = ["bell \u0007"],
        });
        Assert.Equal("a\ufffdb", Attribute(suite.Element("testcase")!, "name"));
        Assert.Equal("bell \ufffd", suite.Element("system-out")!.Value);
    }

    /// <summary>Read by junitparser, a library of Python that others wrote.</summary>
    [Fact]
    public async Task Junitparser_finds_the_same()
    {
        const string Script =
            """
            import sys
            try:
                import junitparser
            except ImportError:
                sys.exit(9)
            for suite in junitparser.JUnitXml.fromstring(sys.stdin.buffer.read()):
                print(suite.name, suite.tests, suite.failures, suite.errors)
                for case in suite:
                    print(case.classname, case.name, [type(result).__name__ + ": " + result.message for result in case.result])
            """;
        using Process python = Start(Script);
        await using (var writer = new StreamWriter(python.StandardInput.BaseStream))
        {
            JUnitXml.Write(writer, QuickResults.Usual() with
            {
                Ensure = [new EnsureResult("p(95)<500", true, "181 ms"), new EnsureResult("errors<1%", false, "5 %")],
            });
        }

        string output = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await python.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(python.ExitCode == 9, "junitparser is not installed (apt-get install python3-junitparser)");
        Assert.Equal(
            """
            GET http://127.0.0.1:5000/ 2 1 0
            warmwire.quick p(95)<500 []
            warmwire.quick errors<1% ['Failure: errors<1%: 5 %']

            """,
            output);
    }

    private static Process Start(string script)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(File.Exists(SystemPython) ? SystemPython : "python3", ["-c", script])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("python3 is not installed");
            throw;
        }
    }

    private static XElement Read(QuickResult result)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture);
        JUnitXml.Write(writer, result);
        var document = XDocument.Parse(writer.ToString());
        var schemas = new XmlSchemaSet();
        schemas.Add("", XmlReader.Create(new StringReader(Schema)));
        document.Validate(schemas, static (_, problem) => Assert.Fail(problem.Message));
        return document.Root!.Element("testsuite")!;
    }

    private static string Attribute(XElement element, string name) => element.Attribute(name)!.Value;
}
