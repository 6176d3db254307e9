using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Warmwire.Tests.PublicSurface;

/// <summary>Writes what an assembly offers as text, one member a line, so that a change of it shows in a review.</summary>
internal static class SurfaceText
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(int)] = "int",
        [typeof(long)] = "long", [typeof(double)] = "double", [typeof(byte)] = "byte", [typeof(char)] = "char",
    };

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in TypesOf(assembly).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Head(type)).Append('\n');
            foreach (string member in Members(type))
            {
                text.Append("    ").Append(member).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd() + "\n";
    }

    /// <summary>
    /// The types a user can name. An extension block is a type for the compiler only; its members are methods of the class around it too.
    /// </summary>
    public static IEnumerable<Type> TypesOf(Assembly assembly) =>
        assembly.GetExportedTypes().Where(static type => !type.FullName!.Contains('<', StringComparison.Ordinal));

    /// <summary>The members a user can name, without accessors and what a compiler makes.</summary>
    public static IEnumerable<MemberInfo> VisibleMembers(Type type) =>
        type.GetMembers(Declared).Where(
            member => IsVisible(member) && !member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            foreach (object value in Enum.GetValues(type))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture, $"{Convert.ToInt64(value, CultureInfo.InvariantCulture):00} {value}");
            }

            yield break;
        }

        foreach (MemberInfo member in VisibleMembers(type).OrderBy(member => member.Name, StringComparer.Ordinal))
        {
            switch (member)
            {
                case ConstructorInfo constructor:
                    yield return $"{Access(constructor)}{Attributes(member)}new({Parameters(constructor)})";
                    break;
                case MethodInfo method:
                    yield return $"{Access(method)}{Attributes(member)}{(method.IsStatic ? "static " : "")}{ReturnType(method)} "
                        + $"{method.Name}{Generics(method.GetGenericArguments())}({Parameters(method)})";
                    break;
                case PropertyInfo property:
                    MethodInfo accessor = property.GetMethod ?? property.SetMethod!;
                    string accessors = (property.GetMethod is { } getter && IsVisibleMethod(getter) ? "get; " : "")
                        + (property.SetMethod is { } setter && IsVisibleMethod(setter) ? IsInit(setter) ? "init; " : "set; " : "");
                    NullabilityInfo nullability = new NullabilityInfoContext().Create(property);
                    yield return $"{Access(accessor)}{Attributes(member)}{(accessor.IsStatic ? "static " : "")}"
                        + (property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")
                        + $"{Name(property.PropertyType, nullability)} {property.Name} {{ {accessors}}}";
                    break;
                case FieldInfo field:
                    yield return $"{Attributes(member)}{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}"
                        + $"{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType, new NullabilityInfoContext().Create(field))} "
                        + $"{field.Name}{(field.IsLiteral ? " = " + Literal(field.GetRawConstantValue()) : "")}";
                    break;
                case EventInfo e:
                    yield return $"event {Name(e.EventHandlerType!)} {e.Name}";
                    break;
                default:
                    break;
            }
        }
    }

    private static string Head(Type type)
    {
        string kind = type.IsEnum ? "enum"
            : type.IsInterface ? "interface"
            : type.IsValueType ? "struct"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : "class";
        string modifiers = type is { IsAbstract: true, IsSealed: true } ? "static "
            : type is { IsAbstract: true, IsInterface: false } ? "abstract "
            : type is { IsSealed: true, IsClass: true } ? "sealed "
            : "";
        IEnumerable<Type> inherited = type.IsEnum ? [] : type.GetInterfaces();
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && !type.IsEnum)
        {
            bases.Add(Name(parent));
            inherited = inherited.Except(parent.GetInterfaces());
        }

        bases.AddRange(inherited.Select(contract => Name(contract)).Order(StringComparer.Ordinal));
        return $"{Attributes(type)}{modifiers}{kind} {Name(type)}{(bases.Count == 0 ? "" : " : " + string.Join(", ", bases))}";
    }

    private static string Attributes(MemberInfo member) => string.Concat(
        member.GetCustomAttributesData()
            // "required" marks constructors as obsolete for old compilers
            .Where(attribute => !member.IsDefined(typeof(CompilerFeatureRequiredAttribute), inherit: false))
            .Select(attribute => attribute.AttributeType)
            .Where(type => type.Namespace is "System" or "System.Diagnostics.CodeAnalysis" or "System.ComponentModel"
                && type.IsPublic
                && type.Name is not ("NullableAttribute" or "CLSCompliantAttribute"))
            .Select(type => $"[{type.Name[..^"Attribute".Length]}] ")
            .Order(StringComparer.Ordinal));

    private static string ReturnType(MethodInfo method) =>
        Name(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter));

    private static string Parameters(MethodBase method)
    {
        string extension = method.IsDefined(typeof(ExtensionAttribute), inherit: false) ? "this " : "";
        return extension + string.Join(", ", method.GetParameters().Select(parameter =>
            (parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref " : "")
            + $"{Name(parameter.ParameterType, new NullabilityInfoContext().Create(parameter))} {parameter.Name}"
            + (parameter.HasDefaultValue ? " = " + Literal(parameter.DefaultValue) : "")));
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, nullability?.ElementType ?? nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        string mark = !type.IsValueType && nullability is { ReadState: NullabilityState.Nullable } ? "?" : "";
        if (type.IsArray)
        {
            return Name(type.GetElementType()!, nullability?.ElementType) + "[]" + mark;
        }

        if (s_keywords.TryGetValue(type, out string? keyword))
        {
            return keyword + mark;
        }

        string name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        if (tick >= 0)
        {
            NullabilityInfo[] arguments = nullability?.GenericTypeArguments ?? [];
            IEnumerable<string> names =
                type.GetGenericArguments().Select((argument, i) => Name(argument, i < arguments.Length ? arguments[i] : null));
            name = $"{name[..tick]}<{string.Join(", ", names)}>";
        }

        return name + mark;
    }

    private static string Generics(Type[] arguments) =>
        arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(argument => argument.Name))}>";

    private static string Access(MethodBase method) => method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "";

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodInfo { IsSpecialName: true } method when !method.Name.StartsWith("op_", StringComparison.Ordinal) =>
            IsVisibleMethod(method)
            && method.Name is not ['g' or 's', 'e', 't', '_', ..]
            && !method.Name.StartsWith("add_", StringComparison.Ordinal)
            && !method.Name.StartsWith("remove_", StringComparison.Ordinal),
        MethodBase method => IsVisibleMethod(method),
        PropertyInfo property =>
            (property.GetMethod is { } getter && IsVisibleMethod(getter)) || (property.SetMethod is { } setter && IsVisibleMethod(setter)),
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        EventInfo e => IsVisibleMethod(e.AddMethod!),
        _ => false,
    };

    private static bool IsVisibleMethod(MethodBase method) =>
        method.IsPublic || (!method.DeclaringType!.IsSealed && (method.IsFamily || method.IsFamilyOrAssembly));
}
