using Warmwire.Cli.Tests.House.Example.Upper;

#pragma warning disable CA1812, CA1822, CA1852, CS0067, CS0169, IDE0051, MA0046 // These types are there to be read, not to be used.
namespace Warmwire.Cli.Tests.House.Example.Lower;

internal class NamesBase : AsBase;

internal class NamesInterface : IAsInterface;

internal class NamesField
{
    private AsField? _field;
}

internal abstract class NamesProperty
{
    public abstract AsProperty Property { get; }
}

internal class NamesEvent
{
    public event AsEvent? Raised;
}

internal interface INamesParameter
{
    void Take(AsParameter parameter);
}

internal interface INamesResult
{
    AsResult Give();
}

internal class NamesConstraint<T>
    where T : AsConstraint;

internal class NamesGenericArgument
{
    private Dictionary<string, List<AsGenericArgument>>? _field;
}

internal class NamesMethodArgument
{
    public object Get() => Array.Empty<AsMethodArgument>();
}

internal class NamesArrayElement
{
    private AsArrayElement[]? _field;
}

internal class NamesLocal
{
    public bool Get(object given)
    {
        var local = System.Runtime.CompilerServices.Unsafe.As<AsLocal>(given);
        return local.Equals(given);
    }
}

internal class NamesCreated
{
    public object Get() => new AsCreated();
}

internal class NamesCalled
{
    public void Go() => AsCalled.Call();
}

internal class NamesReadField
{
    public int Get() => AsReadField.s_value;
}

internal class NamesTypeOf
{
    public object Get() => typeof(AsTypeOf);
}

internal class NamesCast
{
    public object Get(object given) => (AsCast)given;
}

internal class NamesPattern
{
    public bool Get(object given) => given is AsPattern;
}

internal class NamesCaught
{
    public void Go()
    {
        try
        {
            GC.KeepAlive(this);
        }
        catch (AsCaught)
        {
            GC.KeepAlive(this);
        }
    }
}

[AsAttribute]
internal class NamesAttribute;

[WithType(typeof(AsTypeInAttribute))]
internal class NamesTypeInAttribute;

internal class NamesInLambda
{
    public Func<object> Get(int number) => () => (number, new AsUsedInLambda());
}

internal class NamesInAsync
{
    public async Task<object> GetAsync()
    {
        await Task.Yield();
        return new AsUsedInAsync();
    }
}

internal class NamesByNested
{
    private sealed class Nested
    {
        private AsNamedByNested? _field;
    }
}
