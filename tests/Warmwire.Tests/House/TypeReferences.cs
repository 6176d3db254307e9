using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace Warmwire.Tests.House;

/// <summary>
/// Every type of its own assembly that a type names: base, interfaces, constraints, attributes, fields, properties, events, signatures,
/// locals, and what the instructions use. The signature of a called method is included, because a constant of an enumeration, given to it,
/// is only a number in the instructions.
/// </summary>
internal sealed class TypeReferences
{
    private readonly MetadataReader _reader;
    private readonly Func<int, MethodBodyBlock> _body;
    private readonly NamedTypes _names;
    private HashSet<TypeDefinitionHandle> _found = [];

    public TypeReferences(MetadataReader reader, Func<int, MethodBodyBlock> body)
    {
        _reader = reader;
        _body = body;
        _names = new NamedTypes(reader, handle => _found.Add(handle));
    }

    public IReadOnlyCollection<TypeDefinitionHandle> Of(TypeDefinitionHandle handle)
    {
        _found = [];
        TypeDefinition type = _reader.GetTypeDefinition(handle);
        Add(type.BaseType);
        AddAll(type.GetInterfaceImplementations().Select(one => _reader.GetInterfaceImplementation(one).Interface));
        AddConstraints(type.GetGenericParameters());
        AddAttributes(type.GetCustomAttributes());
        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            Add(field);
            AddAttributes(_reader.GetFieldDefinition(field).GetCustomAttributes());
        }

        foreach (PropertyDefinition property in type.GetProperties().Select(_reader.GetPropertyDefinition))
        {
            property.DecodeSignature(_names, null);
            AddAttributes(property.GetCustomAttributes());
        }

        AddAll(type.GetEvents().Select(one => _reader.GetEventDefinition(one).Type));
        AddAll(type.GetMethodImplementations().Select(one => _reader.GetMethodImplementation(one).MethodDeclaration));
        foreach (MethodDefinitionHandle method in type.GetMethods())
        {
            AddMethod(method);
        }

        return _found;
    }

    private void AddMethod(MethodDefinitionHandle handle)
    {
        Add(handle);
        MethodDefinition method = _reader.GetMethodDefinition(handle);
        AddAttributes(method.GetCustomAttributes());
        AddConstraints(method.GetGenericParameters());
        foreach (Parameter parameter in method.GetParameters().Select(_reader.GetParameter))
        {
            AddAttributes(parameter.GetCustomAttributes());
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        MethodBodyBlock body = _body(method.RelativeVirtualAddress);
        Add(body.LocalSignature);
        AddAll(body.ExceptionRegions.Select(static region => region.CatchType));
        AddAll(IlTokens.Of(body.GetILBytes()!));
    }

    private void AddAll(IEnumerable<EntityHandle> handles)
    {
        foreach (EntityHandle handle in handles)
        {
            Add(handle);
        }
    }

    private void AddConstraints(GenericParameterHandleCollection parameters) => AddAll(parameters
        .SelectMany(one => _reader.GetGenericParameter(one).GetConstraints())
        .Select(one => _reader.GetGenericParameterConstraint(one).Type));

    private void AddAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (CustomAttribute attribute in attributes.Select(_reader.GetCustomAttribute))
        {
            Add(attribute.Constructor);
            attribute.DecodeValue(_names);
        }
    }

    private void Add(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                _found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, null);
                break;
            case HandleKind.FieldDefinition:
                FieldDefinition field = _reader.GetFieldDefinition((FieldDefinitionHandle)handle);
                _found.Add(field.GetDeclaringType());
                field.DecodeSignature(_names, null);
                break;
            case HandleKind.MethodDefinition:
                MethodDefinition method = _reader.GetMethodDefinition((MethodDefinitionHandle)handle);
                _found.Add(method.GetDeclaringType());
                method.DecodeSignature(_names, null);
                break;
            case HandleKind.MemberReference:
                AddMember(_reader.GetMemberReference((MemberReferenceHandle)handle));
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification instance = _reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                Add(instance.Method);
                instance.DecodeSignature(_names, null);
                break;
            case HandleKind.StandaloneSignature:
                AddSignature(_reader.GetStandaloneSignature((StandaloneSignatureHandle)handle));
                break;
            case HandleKind.TypeReference:
                break;
            default:
                throw new NotSupportedException($"token {MetadataTokens.GetToken(handle):x8} of kind {handle.Kind}");
        }
    }

    private void AddMember(MemberReference member)
    {
        Add(member.Parent);
        if (member.GetKind() == MemberReferenceKind.Field)
        {
            member.DecodeFieldSignature(_names, null);
        }
        else
        {
            member.DecodeMethodSignature(_names, null);
        }
    }

    private void AddSignature(StandaloneSignature signature)
    {
        if (signature.GetKind() == StandaloneSignatureKind.Method)
        {
            signature.DecodeMethodSignature(_names, null);
        }
        else
        {
            signature.DecodeLocalSignature(_names, null);
        }
    }
}
