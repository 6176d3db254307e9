using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Warmwire.Cli.Tests.House;

/// <summary>
/// Collects the types of one assembly that some of its types name: in declarations, signatures, attributes, local variables and
/// instructions.
/// </summary>
internal sealed class TypeReferences
{
    private readonly MetadataReader _metadata;
    private readonly PEReader _image;
    private readonly DefinedTypes _defined;

    public TypeReferences(MetadataReader metadata, PEReader image)
    {
        (_metadata, _image) = (metadata, image);
        _defined = new DefinedTypes(metadata, Found);
    }

    public HashSet<TypeDefinitionHandle> Found { get; } = [];

    public void Take(TypeDefinitionHandle handle)
    {
        TypeDefinition type = _metadata.GetTypeDefinition(handle);
        TakeEntity(type.BaseType);
        TakeAttributes(type.GetCustomAttributes());
        TakeGenericParameters(type.GetGenericParameters());
        foreach (InterfaceImplementationHandle implemented in type.GetInterfaceImplementations())
        {
            TakeEntity(_metadata.GetInterfaceImplementation(implemented).Interface);
        }

        foreach (FieldDefinitionHandle field in type.GetFields())
        {
            FieldDefinition definition = _metadata.GetFieldDefinition(field);
            definition.DecodeSignature(_defined, null);
            TakeAttributes(definition.GetCustomAttributes());
        }

        foreach (PropertyDefinitionHandle property in type.GetProperties())
        {
            PropertyDefinition definition = _metadata.GetPropertyDefinition(property);
            definition.DecodeSignature(_defined, null);
            TakeAttributes(definition.GetCustomAttributes());
        }

        foreach (EventDefinitionHandle raised in type.GetEvents())
        {
            EventDefinition definition = _metadata.GetEventDefinition(raised);
            TakeEntity(definition.Type);
            TakeAttributes(definition.GetCustomAttributes());
        }

        foreach (MethodDefinitionHandle method in type.GetMethods())
        {
            TakeMethod(_metadata.GetMethodDefinition(method));
        }
    }

    private void TakeMethod(MethodDefinition method)
    {
        method.DecodeSignature(_defined, null);
        TakeAttributes(method.GetCustomAttributes());
        TakeGenericParameters(method.GetGenericParameters());
        foreach (ParameterHandle parameter in method.GetParameters())
        {
            TakeAttributes(_metadata.GetParameter(parameter).GetCustomAttributes());
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        MethodBodyBlock body = _image.GetMethodBody(method.RelativeVirtualAddress);
        TakeEntity(body.LocalSignature);
        foreach (ExceptionRegion region in body.ExceptionRegions)
        {
            TakeEntity(region.CatchType);
        }

        foreach (EntityHandle operand in Instructions.Operands(body.GetILReader()))
        {
            TakeEntity(operand);
        }
    }

    private void TakeGenericParameters(GenericParameterHandleCollection parameters)
    {
        foreach (GenericParameterHandle handle in parameters)
        {
            GenericParameter parameter = _metadata.GetGenericParameter(handle);
            TakeAttributes(parameter.GetCustomAttributes());
            foreach (GenericParameterConstraintHandle constraint in parameter.GetConstraints())
            {
                TakeEntity(_metadata.GetGenericParameterConstraint(constraint).Type);
            }
        }
    }

    private void TakeAttributes(CustomAttributeHandleCollection attributes)
    {
        foreach (CustomAttributeHandle handle in attributes)
        {
            CustomAttribute attribute = _metadata.GetCustomAttribute(handle);
            TakeEntity(attribute.Constructor);

            // Decoding tells the provider of every type in the arguments.
            attribute.DecodeValue(_defined);
        }
    }

    private void TakeEntity(EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                Found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_defined, null);
                break;
            case HandleKind.MethodDefinition:
                Found.Add(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                Found.Add(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification specification = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                specification.DecodeSignature(_defined, null);
                TakeEntity(specification.Method);
                break;
            case HandleKind.MemberReference:
                MemberReference member = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                TakeEntity(member.Parent);
                if (member.GetKind() == MemberReferenceKind.Method)
                {
                    member.DecodeMethodSignature(_defined, null);
                }
                else
                {
                    member.DecodeFieldSignature(_defined, null);
                }

                break;
            case HandleKind.StandaloneSignature:
                TakeSignature(_metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle));
                break;
            default:
                break;
        }
    }

    private void TakeSignature(StandaloneSignature signature)
    {
        if (signature.GetKind() == StandaloneSignatureKind.LocalVariables)
        {
            signature.DecodeLocalSignature(_defined, null);
        }
        else
        {
            signature.DecodeMethodSignature(_defined, null);
        }
    }
}
