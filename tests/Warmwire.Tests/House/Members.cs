using System.Text.RegularExpressions;

namespace Warmwire.Tests.House;

/// <summary>Finds the members with a body, by braces: blocks whose parent is a type, with what stands before them.</summary>
internal static partial class Members
{
    public static IEnumerable<(string Header, int FirstLine, int Lines)> Of(string source)
    {
        string text = CSharpText.WithoutTexts(source);
        var blocks = new Stack<(string Header, int Start, bool IsType, bool IsMember)>();
        int headerStart = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '{')
            {
                string header = text[headerStart..i];
                bool isType = TypeHeader().IsMatch(header);
                bool inType = blocks.TryPeek(out (string Header, int Start, bool IsType, bool IsMember) parent) && parent.IsType;
                int start = headerStart + (header.Length - header.TrimStart().Length);
                blocks.Push((header.Trim(), start, isType, inType && !isType && !IsInitializer(header)));
            }
            else if (text[i] == '}' && blocks.TryPop(out (string Header, int Start, bool IsType, bool IsMember) block) && block.IsMember)
            {
                int first = Line(text, block.Start);
                yield return (block.Header.Split('\n')[^1].Trim(), first, Line(text, i) - first + 1);
            }

            if (text[i] is '{' or '}' or ';')
            {
                headerStart = i + 1;
            }
        }
    }

    private static bool IsInitializer(string header) => Assignment().IsMatch(Parentheses().Replace(header, ""));

    private static int Line(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;

    [GeneratedRegex(@"\b(class|struct|interface|record|enum|namespace)\s+\w")]
    private static partial Regex TypeHeader();

    [GeneratedRegex(@"\([^()]*\)")]
    private static partial Regex Parentheses();

    [GeneratedRegex(@"(?<![=!<>])=(?![=>])")]
    private static partial Regex Assignment();
}
