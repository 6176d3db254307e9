namespace Warmwire.Tests.Kit;

/// <summary>A path for the Unix domain socket of one test, short enough for an address, and its file's end.</summary>
public sealed class UnixPath : IDisposable
{
    public string Value { get; } = Path.Combine(Path.GetTempPath(), $"w{Guid.NewGuid():N}.sock");

    public override string ToString() => Value;

    public void Dispose() => File.Delete(Value);
}
