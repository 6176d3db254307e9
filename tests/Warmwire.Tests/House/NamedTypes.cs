using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Warmwire.Tests.House;

/// <summary>
/// Collects the types of the assembly that signatures, and attributes with <c>typeof</c>, name. A decoded type is its full name, which only
/// enumerations in attributes need; elsewhere it is empty.
/// </summary>
internal sealed class NamedTypes(MetadataReader reader, Action<TypeDefinitionHandle> found)
    : ISignatureTypeProvider<string, object?>, ICustomAttributeTypeProvider<string>
{
    public string GetTypeFromDefinition(MetadataReader metadata, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        found(handle);
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        return FullName(type.Namespace, type.Name);
    }

    public string GetTypeFromReference(MetadataReader metadata, TypeReferenceHandle handle, byte rawTypeKind)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        return FullName(type.Namespace, type.Name);
    }

    public string GetTypeFromSpecification(MetadataReader metadata, object? context, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, null);

    public string GetTypeFromSerializedName(string name)
    {
        string own = name.Split(',')[0];
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            if (!type.IsNested && own == FullName(type.Namespace, type.Name))
            {
                found(handle);
            }
        }

        return own;
    }

    public PrimitiveTypeCode GetUnderlyingEnumType(string type)
    {
        Type known = AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetType(type))
            .First(static found => found is not null)!;
        return Enum.Parse<PrimitiveTypeCode>(Enum.GetUnderlyingType(known).Name);
    }

    public string GetSystemType() => "System.Type";

    public bool IsSystemType(string type) => type == "System.Type";

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => "";

    public string GetFunctionPointerType(MethodSignature<string> signature) => "";

    public string GetArrayType(string elementType, ArrayShape shape) => "";

    public string GetByReferenceType(string elementType) => "";

    public string GetGenericMethodParameter(object? genericContext, int index) => "";

    public string GetGenericTypeParameter(object? genericContext, int index) => "";

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => "";

    public string GetPinnedType(string elementType) => "";

    public string GetPointerType(string elementType) => "";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => "";

    public string GetSZArrayType(string elementType) => "";

    private string FullName(StringHandle space, StringHandle name) => $"{reader.GetString(space)}.{reader.GetString(name)}";
}
