namespace Warmwire.Cli.Quick.Requests;

/// <summary>A row of a CSV file; its columns are named <c>csv.</c> and their heading.</summary>
internal readonly record struct DataRow(IReadOnlyDictionary<string, int>? Columns, string[]? Values)
{
    public string? Find(string name) => Columns is not null && Columns.TryGetValue(name, out int column) ? Values![column] : null;
}
