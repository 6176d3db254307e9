using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.House;

/// <summary>
/// The folders of the command line are layers: <c>src/Warmwire.Cli/layers.txt</c> has their order, and a type names only what is below its
/// own.
/// </summary>
public sealed class LayerTests
{
    private const string Sources = "/src/Warmwire.Cli/";
    private const string Samples = "/samples/";
    private const string Examples = "/tests/Warmwire.Cli.Tests/House/Example/";

    private static readonly Lazy<IReadOnlyList<CompiledType>> s_types = new(
        static () => CompiledAssembly.Read(typeof(CommandLine).Assembly.Location, FolderOf));

    private static readonly Lazy<IReadOnlyList<CompiledType>> s_examples =
        new(static () => CompiledAssembly.Read(typeof(LayerTests).Assembly.Location, static document => FolderUnder(Examples, document)));

    private static IEnumerable<string> Order => File.ReadLines(Repository.Path("src/Warmwire.Cli/layers.txt"));

    [Fact]
    public void Every_type_names_only_types_of_its_own_folder_and_of_folders_below_it()
    {
        IReadOnlyList<string> violations = new LayerOrder(Order).Violations(s_types.Value);
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Fact]
    public void Every_folder_with_sources_is_in_the_order()
    {
        string root = Repository.Path("src/Warmwire.Cli");
        IEnumerable<string> folders = Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => FolderUnder(Sources, file.Replace('\\', '/')))
            .OfType<string>()
            .Append("samples")
            .Distinct(StringComparer.Ordinal);
        Assert.Equal(folders.Order(StringComparer.Ordinal), new LayerOrder(Order).Folders.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_type_of_the_command_line_has_a_folder()
    {
        HashSet<string> known = [.. s_types.Value.Select(static type => type.Name)];
        Assert.Contains("Warmwire.Cli.CommandLine", known);
        Assert.Contains("Warmwire.Cli.Quick.Results.EnsureResult", known); // no code of its own: found by its documents alone
        Assert.Empty(typeof(CommandLine).Assembly.GetTypes()
            .Where(static type => !type.IsNested && type.Namespace?.StartsWith("Warmwire", StringComparison.Ordinal) == true)
            .Select(static type => type.FullName!)
            .Except(known, StringComparer.Ordinal));
    }

    [Fact]
    public void A_wrong_order_is_found()
    {
        string[] reversed = [.. new LayerOrder(Order).Folders.Reverse()];
        Assert.True(new LayerOrder(reversed).Violations(s_types.Value).Count > 100);

        IEnumerable<string> optionsOnTop = Order.Where(static line => line != "Options").Prepend("Options");
        Assert.Contains(
            ". → Options: Warmwire.Cli.CommandLine names Warmwire.Cli.Options.QuickArguments",
            new LayerOrder(optionsOnTop).Violations(s_types.Value));
    }

    [Fact]
    public void A_folder_that_is_missing_in_the_order_or_has_no_types_is_found()
    {
        IReadOnlyList<string> violations = new LayerOrder(Order.Where(static line => line != "Sockets").Append("Elsewhere"))
            .Violations(s_types.Value);
        Assert.Contains("Elsewhere has no types", violations);
        Assert.Contains("Warmwire.Cli.Sockets.TcpTable is in Sockets, which is not in the order", violations);
    }

    [Fact]
    public void Every_kind_of_reference_is_found()
    {
        string[] named =
        [
            .. s_examples.Value.Where(static type => type.Folder == "Upper")
                .Select(static type => type.Name[(type.Name.LastIndexOf('.') + 1)..]),
        ];
        string text = string.Join('\n', new LayerOrder(["Upper", "Lower"]).Violations(s_examples.Value)) + '\n';
        Assert.True(named.Length > 20);
        Assert.All(named, name => Assert.Contains($".{name}\n", text));
        Assert.Empty(new LayerOrder(["Lower", "Upper"]).Violations(s_examples.Value));
    }

    private static string? FolderOf(string document) =>
        FolderUnder(Sources, document) ?? (document.Contains(Samples, StringComparison.Ordinal) ? "samples" : null);

    /// <summary>The folder of a document below a root; <see langword="null"/> for what a generator wrote.</summary>
    private static string? FolderUnder(string root, string document)
    {
        int at = document.LastIndexOf(root, StringComparison.Ordinal);
        if (at < 0)
        {
            return null;
        }

        string rest = document[(at + root.Length)..];
        string folder = rest.Contains('/', StringComparison.Ordinal) ? rest[..rest.LastIndexOf('/')] : ".";
        return folder.Split('/')[0] is "obj" or "bin" ? null : folder;
    }
}
