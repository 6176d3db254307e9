using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Warmwire.Cli.Tests.House;

/// <summary>
/// Reads which types of an assembly name which, and in which folders they are: from its metadata, its code, and the documents in its debug
/// symbols.
/// </summary>
internal sealed class CompiledAssembly
{
    /// <summary>The documents of a type without code (Portable PDB, Type Definition Documents).</summary>
    private static readonly Guid s_typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly MetadataReader _metadata;
    private readonly MetadataReader _symbols;
    private readonly PEReader _image;
    private readonly Func<string, string?> _folderOf;

    private CompiledAssembly(PEReader image, MetadataReader symbols, Func<string, string?> folderOf)
    {
        (_image, _symbols, _folderOf) = (image, symbols, folderOf);
        _metadata = image.GetMetadataReader();
    }

    /// <param name="path">The assembly; its symbols are beside it or in it.</param>
    /// <param name="folderOf">The folder of a document, or <see langword="null"/> for one that a generator wrote.</param>
    public static IReadOnlyList<CompiledType> Read(string path, Func<string, string?> folderOf)
    {
        using var image = new PEReader(File.OpenRead(path));
        Func<string, Stream?> open = static file => File.Exists(file) ? File.OpenRead(file) : null;
        if (!image.TryOpenAssociatedPortablePdb(path, open, out MetadataReaderProvider? provider, out _))
        {
            throw new FileNotFoundException($"{path} has no portable symbols");
        }

        using (provider)
        {
            return new CompiledAssembly(image, provider!.GetMetadataReader(), folderOf).ReadTypes();
        }
    }

    private List<CompiledType> ReadTypes()
    {
        var collectors = new Dictionary<TypeDefinitionHandle, TypeReferences>();
        var folders = new Dictionary<TypeDefinitionHandle, HashSet<string>>();
        foreach (TypeDefinitionHandle handle in _metadata.TypeDefinitions)
        {
            TypeDefinitionHandle outer = OutermostOf(handle);
            if (!collectors.TryGetValue(outer, out TypeReferences? collector))
            {
                collectors[outer] = collector = new TypeReferences(_metadata, _image);
                folders[outer] = new HashSet<string>(StringComparer.Ordinal);
            }

            collector.Take(handle);
            folders[outer].UnionWith(FoldersOf(handle));
        }

        List<CompiledType> types = [];
        HashSet<string> known = [.. folders.Where(static pair => pair.Value.Count > 0).Select(pair => NameOf(pair.Key))];
        foreach ((TypeDefinitionHandle outer, TypeReferences collector) in collectors)
        {
            string[] of = [.. folders[outer]];
            if (of.Length > 1)
            {
                throw new InvalidDataException($"{NameOf(outer)} is in several folders: {string.Join(", ", of)}");
            }

            if (of.Length == 1)
            {
                HashSet<string> names =
                [
                    .. collector.Found.Select(OutermostOf).Where(named => named != outer).Select(NameOf).Where(known.Contains),
                ];
                types.Add(new CompiledType(NameOf(outer), of[0], names));
            }
        }

        return types;
    }

    private IEnumerable<string> FoldersOf(TypeDefinitionHandle type)
    {
        var documents = new HashSet<DocumentHandle>();
        foreach (MethodDefinitionHandle method in _metadata.GetTypeDefinition(type).GetMethods())
        {
            MethodDebugInformation debug = _symbols.GetMethodDebugInformation(method);
            if (!debug.SequencePointsBlob.IsNil)
            {
                documents.UnionWith(
                    debug.GetSequencePoints().Where(static point => !point.IsHidden).Select(static point => point.Document));
            }
        }

        foreach (CustomDebugInformationHandle handle in _symbols.GetCustomDebugInformation(type))
        {
            CustomDebugInformation information = _symbols.GetCustomDebugInformation(handle);
            if (_symbols.GetGuid(information.Kind) == s_typeDocuments)
            {
                BlobReader blob = _symbols.GetBlobReader(information.Value);
                while (blob.RemainingBytes > 0)
                {
                    documents.Add(MetadataTokens.DocumentHandle(blob.ReadCompressedInteger()));
                }
            }
        }

        return documents
            .Select(document => _folderOf(_symbols.GetString(_symbols.GetDocument(document).Name).Replace('\\', '/')))
            .OfType<string>();
    }

    private TypeDefinitionHandle OutermostOf(TypeDefinitionHandle type)
    {
        while (_metadata.GetTypeDefinition(type).GetDeclaringType() is { IsNil: false } declaring)
        {
            type = declaring;
        }

        return type;
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        return type.Namespace.IsNil
            ? _metadata.GetString(type.Name)
            : $"{_metadata.GetString(type.Namespace)}.{_metadata.GetString(type.Name)}";
    }
}
