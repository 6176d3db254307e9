using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Warmwire.Cli.Tests.House;

/// <summary>
/// Notes the types of the assembly itself that signatures and attribute values name. What a type is decoded to is its name, which only
/// attributes need.
/// </summary>
internal sealed class DefinedTypes : ISignatureTypeProvider<string, object?>, ICustomAttributeTypeProvider<string>
{
    private readonly MetadataReader _metadata;
    private readonly HashSet<TypeDefinitionHandle> _found;
    private readonly Dictionary<string, TypeDefinitionHandle> _byName = new(StringComparer.Ordinal);

    public DefinedTypes(MetadataReader metadata, HashSet<TypeDefinitionHandle> found)
    {
        (_metadata, _found) = (metadata, found);
        foreach (TypeDefinitionHandle handle in metadata.TypeDefinitions)
        {
            _byName[FullName(handle)] = handle;
        }
    }

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        _found.Add(handle);
        return FullName(handle);
    }

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        TypeReference type = reader.GetTypeReference(handle);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }

    public string GetTypeFromSpecification(
        MetadataReader reader,
        object? genericContext,
        TypeSpecificationHandle handle,
        byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    /// <summary>A <c>typeof</c> in an attribute is the name as text, with the assembly if that is another.</summary>
    public string GetTypeFromSerializedName(string name)
    {
        foreach (string part in name.Split('[', ']', ','))
        {
            if (_byName.TryGetValue(part.Trim(), out TypeDefinitionHandle handle))
            {
                _found.Add(handle);
            }
        }

        return name;
    }

    public PrimitiveTypeCode GetUnderlyingEnumType(string type) => PrimitiveTypeCode.Int32;

    public bool IsSystemType(string type) => type == "System.Type";

    public string GetSystemType() => "System.Type";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

    public string GetSZArrayType(string elementType) => elementType;

    public string GetArrayType(string elementType, ArrayShape shape) => elementType;

    public string GetByReferenceType(string elementType) => elementType;

    public string GetPointerType(string elementType) => elementType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => genericType;

    public string GetGenericMethodParameter(object? genericContext, int index) => "";

    public string GetGenericTypeParameter(object? genericContext, int index) => "";

    public string GetFunctionPointerType(MethodSignature<string> signature) => "";

    private string FullName(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        string name = _metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } declaring ? $"{FullName(declaring)}+{name}"
            : type.Namespace.IsNil ? name
            : $"{_metadata.GetString(type.Namespace)}.{name}";
    }
}
