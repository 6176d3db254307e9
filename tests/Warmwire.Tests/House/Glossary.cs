using System.Text.RegularExpressions;

namespace Warmwire.Tests.House;

/// <summary>
/// The table of <c>docs/glossary.md</c>; a row without a term goes on with the one above. A retired word that begins with a small letter
/// is a word or phrase of prose, in any case; one that begins with a capital is a word within an identifier (<c>Rest</c> is in
/// <c>FromRest</c> and <c>_restId</c>, not in <c>Restore</c>).
/// </summary>
internal sealed partial class Glossary
{
    private readonly List<(string Term, string Word, Regex Pattern)> _retired = [];
    private readonly Regex? _except;

    public Glossary(IEnumerable<string> lines)
    {
        string[][] rows =
        [
            .. lines.Where(static line => line.StartsWith("| ", StringComparison.Ordinal))
                .Select(static line => line.Trim().Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray()),
        ];
        string[] header = rows[0];
        int not = Array.IndexOf(header, "not");
        int except = Array.IndexOf(header, "except");
        List<string> exceptions = [];
        foreach (string[] row in rows.Skip(1))
        {
            if (row[0].Length > 0)
            {
                Terms.Add(row[0]);
            }

            string term = Terms[^1];
            _retired.AddRange(QuotedIn(row[not]).Select(word => (term, word, PatternOf(word))));
            exceptions.AddRange(QuotedIn(row[except]).Select(Regex.Escape));
        }

        _except = exceptions.Count > 0 ? new Regex(string.Join('|', exceptions), RegexOptions.CultureInvariant) : null;
    }

    public List<string> Terms { get; } = [];

    public int RetiredWords => _retired.Count;

    /// <summary>The retired words of a line, each with the term to use.</summary>
    public IEnumerable<string> FindIn(string line)
    {
        string text = _except?.Replace(line, " ") ?? line;
        return _retired.Where(word => word.Pattern.IsMatch(text)).Select(static word => $"'{word.Word}', see '{word.Term}'");
    }

    private static IEnumerable<string> QuotedIn(string cell) => Quoted().Matches(cell).Select(static match => match.Groups[1].Value);

    private static Regex PatternOf(string word)
    {
        if (!char.IsUpper(word[0]))
        {
            string phrase = string.Join(@"\s+", word.Split(' ').Select(Regex.Escape));
            return new Regex($@"(?<![A-Za-z]){phrase}(?![A-Za-z])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        }

        string name = Regex.Escape(word);
        string field = char.ToLowerInvariant(word[0]) + name[1..];
        return new Regex($@"((?<![A-Z]){name}|(?<=\b[a-z]?_){field})(?![a-z])", RegexOptions.CultureInvariant);
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
