namespace Warmwire.Tests.House;

/// <summary>An outermost type and the folder it was written in.</summary>
internal sealed record SourceType(string Name, string Namespace, string Folder, bool IsPublic);
