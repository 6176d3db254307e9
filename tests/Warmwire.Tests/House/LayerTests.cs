using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.House;

/// <summary>The order of the library's folders is <c>src/Warmwire/layers.txt</c>: no type names one of a folder above its own.</summary>
public class LayerTests
{
    [Fact]
    public void No_type_names_a_type_of_a_folder_above_its_own()
    {
        TypeNaming[] against = [.. CompiledProject.Library.Against(LayerOrder.OfLibrary)];
        Assert.True(against.Length == 0, $"{against.Length} against src/Warmwire/layers.txt:\n{string.Join('\n', (object[])against)}");
    }

    [Fact]
    public void The_order_names_every_folder_that_has_sources_and_no_other()
    {
        string root = Repository.Path("src/Warmwire");
        string[] folders =
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(root, Path.GetDirectoryName(path)!).Replace('\\', '/'))
                .Where(static folder => folder is not ("bin" or "obj") && !folder.StartsWith("bin/", StringComparison.Ordinal)
                    && !folder.StartsWith("obj/", StringComparison.Ordinal))
                .Select(static folder => folder == "." ? "(root)" : folder)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(folders, LayerOrder.OfLibrary.Folders.Order(StringComparer.Ordinal));
    }

    /// <summary>The first test can fail: upside down, what is allowed is what it must report, however a type is named.</summary>
    [Theory]
    [InlineData("PooledHttpHandler", "HandlerSettings")] // a field
    [InlineData("StreamCallbacks", "TransportPhase")] // a constant of an enumeration
    [InlineData("Http1Connection", "HttpConnection")] // a base type
    [InlineData("TimedResponseStream", "ITotalDeadlineTarget")] // an interface
    [InlineData("TransportException", null)] // the lowest names nothing
    public void Upside_down_the_order_is_broken_by_what_is_known_to_be_named(string from, string? to)
    {
        TypeNaming[] against = [.. CompiledProject.Library.Against(LayerOrder.OfLibrary.Reversed()).Where(naming => naming.From == from)];
        if (to is null)
        {
            Assert.Empty(against);
        }
        else
        {
            Assert.Contains(against, naming => naming.To == to);
        }
    }

    [Fact]
    public void A_stranger_below_is_reported_too()
    {
        var order = new LayerOrder(["Top ! Stranger", "Friend", "Stranger"]);
        Assert.True(order.Allows("Top", "Friend"));
        Assert.True(order.Allows("Top", "Top"));
        Assert.False(order.Allows("Top", "Stranger"));
        Assert.False(order.Allows("Stranger", "Top"));
        Assert.Throws<FormatException>(static () => new LayerOrder(["Top ! Nobody"]));
    }

    [Fact]
    public void A_namespace_is_the_folder()
    {
        string[] elsewhere =
        [
            .. CompiledProject.Library.Types
                .Where(static type => type.Namespace != Expected(type.Folder) && !(type.IsPublic && type.Namespace == "Warmwire"))
                .Select(static type => $"{type.Folder}: {type.Namespace}.{type.Name}"),
        ];
        Assert.Empty(elsewhere);
    }

    /// <summary>The root namespace is the public surface; what nobody outside sees has a folder of its own.</summary>
    [Fact]
    public void The_root_has_only_public_types()
    {
        SourceType[] root = [.. CompiledProject.Library.Types.Where(static type => type.Folder == "(root)")];
        Assert.NotEmpty(root);
        Assert.All(root, static type => Assert.True(type.IsPublic, type.Name));
    }

    private static string Expected(string folder) => folder == "(root)" ? "Warmwire" : $"Warmwire.{folder.Replace('/', '.')}";
}
