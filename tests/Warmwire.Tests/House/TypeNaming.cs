namespace Warmwire.Tests.House;

/// <summary>A type that names another one of the same assembly: both are outermost types, each with its folder.</summary>
internal sealed record TypeNaming(string From, string FromFolder, string To, string ToFolder)
{
    public override string ToString() => $"{FromFolder}: {From} names {To} of {ToFolder}";
}
