namespace Warmwire.Cli.Quick.Requests;

/// <summary>
/// What placeholders stand for: values that were captured from responses, else the columns of a row of <c>--data</c>. Each virtual user has
/// its own.
/// </summary>
internal sealed class Variables
{
    private Dictionary<string, string>? _captured;

    public DataRow Row { get; set; }

    public string? Find(string name) => _captured is not null && _captured.TryGetValue(name, out string? value) ? value : Row.Find(name);

    public void Set(string name, string value) => (_captured ??= new(StringComparer.Ordinal))[name] = value;

    public void Forget() => _captured?.Clear();
}
