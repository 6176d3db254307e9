#pragma warning disable CA1852, CS0649 // These types are there to be named, not to be used.
namespace Warmwire.Cli.Tests.House.Example.Upper;

/// <summary>What the types of <c>Lower</c> name, one each, so that the check can be seen to find every kind of reference.</summary>
internal class AsBase;

internal interface IAsInterface;

internal class AsField;

internal class AsProperty;

internal delegate void AsEvent();

internal class AsParameter;

internal class AsResult;

internal class AsConstraint;

internal class AsGenericArgument;

internal class AsMethodArgument;

internal class AsArrayElement;

internal class AsLocal;

internal class AsCreated;

internal static class AsCalled
{
    public static void Call()
    {
    }
}

internal static class AsReadField
{
    public static int Value { get; set; }

    internal static int s_value;
}

internal class AsTypeOf;

internal class AsCast;

internal class AsPattern;

internal class AsCaught : Exception;

[AttributeUsage(AttributeTargets.All)]
internal sealed class AsAttributeAttribute : Attribute;

[AttributeUsage(AttributeTargets.All)]
internal sealed class WithTypeAttribute(Type type) : Attribute
{
    public Type Type => type;
}

internal class AsTypeInAttribute;

internal class AsUsedInLambda;

internal class AsUsedInAsync;

internal class AsNamedByNested;
