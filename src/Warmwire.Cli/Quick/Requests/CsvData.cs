using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>The rows of <c>--data</c>, given out one after another and from the first again after the last.</summary>
internal sealed class CsvData
{
    public const int MaxRows = 1_000_000;

    /// <summary>Of a file. What it holds in memory is about twice as much.</summary>
    public const long MaxBytes = 256 * 1024 * 1024;

    private const string Prefix = "csv.";

    private readonly Dictionary<string, int> _columns;
    private readonly List<string[]> _rows;

    private CsvData(Dictionary<string, int> columns, List<string[]> rows) => (_columns, _rows) = (columns, rows);

    public int Count => _rows.Count;

    /// <summary>The names by which placeholders call the columns.</summary>
    public IReadOnlyCollection<string> Names => _columns.Keys;

    /// <exception cref="CommandFailure">It cannot be read.</exception>
    public static CsvData Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw Wrong(path, $"it is larger than {MaxBytes / (1024 * 1024)} MiB");
            }

            using var reader = new StreamReader(path);
            return Read(path, reader);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandFailure($"--data: {error.Message}", error, ExitCodes.Usage);
        }
    }

    /// <summary>The row of a request number.</summary>
    public DataRow Row(long number) => new(_columns, _rows[(int)(number % _rows.Count)]);

    private static CsvData Read(string path, TextReader reader)
    {
        using var csv = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture) { BadDataFound = null });
        try
        {
            string[] headings = csv.Read() ? csv.Record! : throw Wrong(path, "it is empty; its first line must have the names of columns");
            var columns = new Dictionary<string, int>(StringComparer.Ordinal);
            for (int i = 0; i < headings.Length; i++)
            {
                if (!columns.TryAdd(Prefix + headings[i].Trim(), i))
                {
                    throw Wrong(path, $"two columns are named '{headings[i].Trim()}'");
                }
            }

            var rows = new List<string[]>();
            while (csv.Read())
            {
                string[] row = csv.Record!;
                if (row.Length != headings.Length)
                {
                    throw Wrong(path, $"line {csv.RawRow} has {row.Length} fields and the first line has {headings.Length}");
                }

                rows.Add(rows.Count < MaxRows ? row : throw Wrong(path, $"it has more than {MaxRows:N0} rows"));
            }

            return rows.Count > 0 ? new CsvData(columns, rows) : throw Wrong(path, "it has no row after the names of columns");
        }
        catch (CsvHelperException error)
        {
            throw new CommandFailure($"--data {path}: line {csv.RawRow} is not CSV", error, ExitCodes.Usage);
        }
    }

    private static CommandFailure Wrong(string path, FormattableString problem) =>
        new($"--data {path}: {problem.ToString(CultureInfo.InvariantCulture)}", ExitCodes.Usage);

    private static CommandFailure Wrong(string path, string problem) => new($"--data {path}: {problem}", ExitCodes.Usage);
}
