using System.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Proxies;

/// <summary>The names of the schemes in a field of challenges (RFC 9110 §11.6.1), which may hold several.</summary>
internal static class ChallengeSchemes
{
    private static readonly SearchValues<char> s_token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool Contains(ReadOnlySpan<char> field, ReadOnlySpan<char> scheme)
    {
        while (TryNext(ref field, out ReadOnlySpan<char> found))
        {
            if (found.Equals(scheme, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The names in these fields, for people: <c>Basic, NTLM</c>.</summary>
    public static string In(IReadOnlyList<string> fields)
    {
        var names = new List<string>();
        foreach (string field in fields)
        {
            ReadOnlySpan<char> rest = field;
            while (names.Count < ProxyLimits.Challenges && TryNext(ref rest, out ReadOnlySpan<char> name))
            {
                names.Add(WireText.Show(name));
            }
        }

        return string.Join(", ", names);
    }

    /// <summary>
    /// Takes the next scheme off the field. Parameters are passed over, also those whose quoted values look like a scheme.
    /// </summary>
    public static bool TryNext(scoped ref ReadOnlySpan<char> field, out ReadOnlySpan<char> scheme)
    {
        while (true)
        {
            field = field.TrimStart(" \t,");
            int end = field.IndexOfAnyExcept(s_token);
            ReadOnlySpan<char> word = end < 0 ? field : field[..end];
            ReadOnlySpan<char> rest = end < 0 ? default : field[end..];
            field = rest[LengthOfItem(rest)..];
            if (word.IsEmpty)
            {
                if (rest.IsEmpty)
                {
                    scheme = default;
                    return false;
                }

                continue;
            }

            // What an equals sign follows is a parameter of the challenge before. Its first parameter stands behind the name of the scheme,
            // in the same item.
            if (rest.TrimStart(" \t") is not ['=', ..])
            {
                scheme = word;
                return true;
            }
        }
    }

    /// <summary>Up to the next comma that is not within quotes.</summary>
    private static int LengthOfItem(ReadOnlySpan<char> text)
    {
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (quoted && text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                quoted = !quoted;
            }
            else if (text[i] == ',' && !quoted)
            {
                return i;
            }
        }

        return text.Length;
    }
}
