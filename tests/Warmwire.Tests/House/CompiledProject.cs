using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Warmwire.Tests.House;

/// <summary>The outermost types of a compiled project with their folders, and which of them names which.</summary>
internal sealed class CompiledProject
{
    private CompiledProject(IReadOnlyList<SourceType> types, IReadOnlyList<TypeNaming> namings)
    {
        Types = types;
        Namings = namings;
    }

    public static CompiledProject Library { get; } = Read(typeof(PooledHttpHandler).Assembly.Location, "Warmwire");

    public IReadOnlyList<SourceType> Types { get; }

    public IReadOnlyList<TypeNaming> Namings { get; }

    /// <param name="path">The assembly; its portable PDB lies beside it.</param>
    /// <param name="project">The folder of <c>src</c> that it was compiled from.</param>
    public static CompiledProject Read(string path, string project)
    {
        using var file = new PEReader(File.OpenRead(path));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(path, ".pdb")));
        MetadataReader reader = file.GetMetadataReader();
        var folders = new SourceFolders(reader, provider.GetMetadataReader(), project);
        var references = new TypeReferences(reader, file.GetMethodBody);
        Dictionary<TypeDefinitionHandle, string> folderOf = reader.TypeDefinitions
            .Where(handle => !reader.GetTypeDefinition(handle).IsNested)
            .Select(handle => (Handle: handle, Folder: folders.Of(handle)))
            .Where(static type => type.Folder is not null)
            .ToDictionary(static type => type.Handle, static type => type.Folder!);
        var namings = new HashSet<TypeNaming>();
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            TypeDefinitionHandle from = Outermost(reader, handle);
            foreach (TypeDefinitionHandle to in references.Of(handle).Select(named => Outermost(reader, named)))
            {
                if (from != to && folderOf.TryGetValue(from, out string? fromFolder) && folderOf.TryGetValue(to, out string? toFolder))
                {
                    namings.Add(new TypeNaming(Name(reader, from), fromFolder, Name(reader, to), toFolder));
                }
            }
        }

        return new CompiledProject(
            [.. folderOf.Select(type => Describe(reader, type.Key, type.Value))],
            [.. namings.OrderBy(static naming => naming.ToString(), StringComparer.Ordinal)]);
    }

    public IEnumerable<TypeNaming> Against(LayerOrder order) =>
        Namings.Where(naming => !order.Allows(naming.FromFolder, naming.ToFolder));

    private static SourceType Describe(MetadataReader reader, TypeDefinitionHandle handle, string folder)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        bool isPublic = (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public;
        return new SourceType(Name(reader, handle), reader.GetString(type.Namespace), folder, isPublic);
    }

    private static TypeDefinitionHandle Outermost(MetadataReader reader, TypeDefinitionHandle handle)
    {
        while (reader.GetTypeDefinition(handle).IsNested)
        {
            handle = reader.GetTypeDefinition(handle).GetDeclaringType();
        }

        return handle;
    }

    private static string Name(MetadataReader reader, TypeDefinitionHandle handle) =>
        reader.GetString(reader.GetTypeDefinition(handle).Name);
}
