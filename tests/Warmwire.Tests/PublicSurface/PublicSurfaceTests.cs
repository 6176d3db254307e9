using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Xml.Linq;
using Xunit;

namespace Warmwire.Tests.PublicSurface;

/// <summary>What users compile against changes on purpose or not at all.</summary>
public sealed class PublicSurfaceTests
{
    private const string Update = "WARMWIRE_UPDATE_SURFACE";

    private static readonly Assembly s_library = typeof(PooledHttpHandler).Assembly;

    [Fact]
    public void The_public_surface_is_the_one_in_the_file()
    {
        string path = PathOf("Warmwire.txt");
        string actual = SurfaceText.Of(s_library);
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllText(path, actual);
        }

        string expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (expected != actual)
        {
            string[] before = WithType(expected);
            string[] after = WithType(actual);
            var difference = new StringBuilder();
            foreach (string line in before.Except(after, StringComparer.Ordinal))
            {
                difference.Append("- ").Append(line).Append('\n');
            }

            foreach (string line in after.Except(before, StringComparer.Ordinal))
            {
                difference.Append("+ ").Append(line).Append('\n');
            }

            Assert.Fail(
                $"The public surface is not that of {path}:\n{difference}If that is meant, run this test once with {Update}=1 and "
                + "commit the file.");
        }
    }

    [Fact]
    public void Every_public_type_and_member_is_documented()
    {
        var documented = XDocument.Load(Path.ChangeExtension(s_library.Location, ".xml")).Descendants("member")
            .Where(member => member.Descendants("summary").Any(summary => !string.IsNullOrWhiteSpace(summary.Value))
                || member.Descendants("inheritdoc").Any())
            .Select(member => (string)member.Attribute("name")!)
            .ToHashSet(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (Type type in SurfaceText.TypesOf(s_library))
        {
            string typeName = type.FullName!.Replace('+', '.');
            Require("T:" + typeName);
            foreach (MemberInfo member in SurfaceText.VisibleMembers(type).Where(member => !IsGivenByTheCompiler(type, member)))
            {
                // Parameters are left out of the comparison: overloads are documented together or not at all.
                string kind = member switch { PropertyInfo => "P:", FieldInfo => "F:", EventInfo => "E:", _ => "M:" };
                Require($"{kind}{typeName}.{(member is ConstructorInfo ? "#ctor" : member.Name)}");
            }
        }

        Assert.Empty(missing);

        void Require(string name)
        {
            bool found = documented.Any(known => known == name
                || known.StartsWith(name + "(", StringComparison.Ordinal)
                || known.StartsWith(name + "`", StringComparison.Ordinal));
            if (!found)
            {
                missing.Add(name);
            }
        }
    }

    /// <summary>The parameterless constructor nobody wrote, an enum's field, and a record's members.</summary>
    private static bool IsGivenByTheCompiler(Type type, MemberInfo member) =>
        (member is ConstructorInfo constructor && constructor.GetParameters().Length == 0)
        || (type.IsEnum && member.Name == "value__")
        || member.IsDefined(typeof(CompilerGeneratedAttribute))
        || (type.IsEnum && member is MethodInfo)
        || (type.GetMethod("<Clone>$") is not null && member is MethodBase)
        || (type.IsValueType
            && member is MethodBase
            and { Name: "Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "op_Equality" or "op_Inequality" or ".ctor" });

    /// <summary>Each line with the type it belongs to in front, so that a difference can be read by itself.</summary>
    private static string[] WithType(string surface)
    {
        string type = "";
        var lines = new List<string>();
        foreach (string line in surface.Split('\n').Where(line => line.Length > 0))
        {
            if (line[0] != ' ')
            {
                type = line;
                lines.Add(line);
            }
            else
            {
                lines.Add($"{type} › {line.Trim()}");
            }
        }

        return [.. lines];
    }

    /// <summary>
    /// Of the sources; a path made at build time may be mapped for reproducible builds, so the folder is searched upwards as well.
    /// </summary>
    private static string PathOf(string file, [CallerFilePath] string here = "")
    {
        string beside = Path.Combine(Path.GetDirectoryName(here)!, file);
        if (File.Exists(beside))
        {
            return beside;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "tests", "Warmwire.Tests", "PublicSurface");
            if (Directory.Exists(candidate))
            {
                return Path.Combine(candidate, file);
            }
        }

        return beside;
    }
}
