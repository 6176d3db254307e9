using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Warmwire.Tests.House;

/// <summary>
/// The folder that each type was written in, from the portable PDB: by the documents of its methods, and for a type without any body
/// by the documents the compiler lists for it. A type that only a generator wrote has none.
/// </summary>
internal sealed class SourceFolders(MetadataReader assembly, MetadataReader symbols, string project)
{
    /// <summary>What the portable PDB format calls TypeDefinitionDocuments.</summary>
    private static readonly Guid s_typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly string _mark = $"/src/{project}/";

    /// <summary>
    /// The folder of an outermost type, "(root)" for files beside the project file; <see langword="null"/> for a type that no file of the
    /// project has.
    /// </summary>
    public string? Of(TypeDefinitionHandle outermost)
    {
        string[] folders = [.. Documents(outermost).Select(Folder).OfType<string>().Distinct(StringComparer.Ordinal)];
        return folders.Length < 2 ? folders.FirstOrDefault()
            : throw new InvalidOperationException($"{Name(outermost)} is written in {string.Join(" and ", folders)}: a type is one file");
    }

    private string? Folder(string document)
    {
        string path = document.Replace('\\', '/');
        int mark = path.LastIndexOf(_mark, StringComparison.Ordinal);
        string? file = mark < 0 ? null : path[(mark + _mark.Length)..];
        if (file is null || file.StartsWith("obj/", StringComparison.Ordinal))
        {
            return null;
        }

        int end = file.LastIndexOf('/');
        return end < 0 ? "(root)" : file[..end];
    }

    private IEnumerable<string> Documents(TypeDefinitionHandle handle)
    {
        TypeDefinition type = assembly.GetTypeDefinition(handle);
        foreach (CustomDebugInformation information in symbols.GetCustomDebugInformation(handle).Select(symbols.GetCustomDebugInformation))
        {
            if (symbols.GetGuid(information.Kind) == s_typeDocuments)
            {
                BlobReader blob = symbols.GetBlobReader(information.Value);
                while (blob.RemainingBytes > 0)
                {
                    yield return Document(MetadataTokens.DocumentHandle(blob.ReadCompressedInteger()));
                }
            }
        }

        foreach (MethodDefinitionHandle method in type.GetMethods())
        {
            MethodDebugInformation information = symbols.GetMethodDebugInformation(method.ToDebugInformationHandle());
            if (!information.SequencePointsBlob.IsNil)
            {
                foreach (DocumentHandle document in information.GetSequencePoints().Select(static point => point.Document).Distinct())
                {
                    yield return Document(document);
                }
            }
        }

        foreach (string document in type.GetNestedTypes().SelectMany(Documents))
        {
            yield return document;
        }
    }

    private string Document(DocumentHandle handle) => symbols.GetString(symbols.GetDocument(handle).Name);

    private string Name(TypeDefinitionHandle handle) => assembly.GetString(assembly.GetTypeDefinition(handle).Name);
}
