namespace Warmwire.Cli.Tests.House;

/// <summary>A type of an assembly that is nested in no other, with all that the compiler made for it and all types nested in it.</summary>
/// <param name="Name">With its namespace.</param>
/// <param name="Folder">Of its source files.</param>
/// <param name="Names">The other such types of the assembly that it names.</param>
internal sealed record CompiledType(string Name, string Folder, IReadOnlySet<string> Names);
