using System.Buffers;
using System.Net.Http.Headers;
using System.Text;

namespace Warmwire.Authentication;

/// <summary>
/// Reads challenges (RFC 9110 §11.6.1). A comma separates challenges as well as their parameters, and an empty element is allowed, so what
/// an element is shows only in its first words: <c>name = value</c> belongs to the challenge before it, anything else begins a new one.
/// </summary>
/// <remarks>
/// Never throws. Servers write much that the grammar does not have: values without quotes that have spaces or slashes, quotes that do not
/// end, parameters without a comma between. What can be understood is taken; the rest up to the next comma is skipped.
/// </remarks>
internal ref struct ChallengeParser
{
    private static readonly SearchValues<char> s_token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> s_token68 = SearchValues.Create(
        "-._~+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private ChallengeParser(ReadOnlySpan<char> text) => _text = text;

    private readonly ReadOnlySpan<char> Left => _text[_at..];

    /// <summary>The challenges of a response's field, each of its lines for itself.</summary>
    public static List<Challenge> Parse(HeaderStringValues lines) => Parse((IEnumerable<string>)lines);

    /// <inheritdoc cref="Parse(HeaderStringValues)"/>
    public static List<Challenge> Parse(IEnumerable<string> lines)
    {
        List<Challenge> challenges = [];
        int left = AuthenticationLimits.ChallengeLength;
        foreach (string line in lines)
        {
            ParseInto(challenges, line.AsSpan(0, Math.Min(line.Length, left)));
            left -= Math.Min(line.Length, left);
        }

        return challenges;
    }

    /// <summary>The challenges of one line.</summary>
    public static List<Challenge> Parse(string line)
    {
        List<Challenge> challenges = [];
        ParseInto(challenges, line.AsSpan(0, Math.Min(line.Length, AuthenticationLimits.ChallengeLength)));
        return challenges;
    }

    private static void ParseInto(List<Challenge> challenges, ReadOnlySpan<char> line)
    {
        var parser = new ChallengeParser(line);

        // Parameters at the beginning of a line belong to no challenge: lines may be of different servers on the way.
        Challenge? current = null;
        while (parser._at < line.Length)
        {
            parser.SkipSpaces();
            if (!parser.TryReadParameter(current))
            {
                if (challenges.Count == AuthenticationLimits.Challenges)
                {
                    return;
                }

                if (parser.TryReadScheme(out current))
                {
                    challenges.Add(current);
                }
            }

            parser.SkipElement();
        }
    }

    /// <summary>A scheme, and behind it a token68 or the first parameter.</summary>
    private bool TryReadScheme(out Challenge current)
    {
        ReadOnlySpan<char> scheme = ReadToken();
        current = null!;
        if (scheme.IsEmpty || !(Left.IsEmpty || Left[0] is ' ' or '\t' or ','))
        {
            return false;
        }

        current = new Challenge(scheme.ToString());
        SkipSpaces();
        if (!TryReadToken68(current))
        {
            TryReadParameter(current);
        }

        return true;
    }

    /// <summary>A token68 is alone in its element; <c>name=value</c> is not one, because its padding stands at the end.</summary>
    private bool TryReadToken68(Challenge challenge)
    {
        int length = LengthOf(Left, s_token68);
        if (length == 0)
        {
            return false;
        }

        int end = length;
        while (end < Left.Length && Left[end] == '=')
        {
            end++;
        }

        ReadOnlySpan<char> behind = Left[end..].TrimStart(" \t");
        if (!behind.IsEmpty && behind[0] != ',')
        {
            return false;
        }

        challenge.Token = Left[..end].ToString();
        _at += end;
        return true;
    }

    /// <summary>Parameters, for as long as no comma ends them; most often it is one.</summary>
    private bool TryReadParameter(Challenge? challenge)
    {
        bool any = false;
        while (true)
        {
            int start = _at;
            ReadOnlySpan<char> name = ReadToken();
            SkipSpaces();
            if (name.IsEmpty || Left.IsEmpty || Left[0] != '=')
            {
                _at = start;
                return any;
            }

            _at++;
            SkipSpaces();
            string value = !Left.IsEmpty && Left[0] == '"' ? ReadQuoted() : ReadUnquoted();
            challenge?.Add(name.ToString(), value);
            any = true;
            SkipSpaces();
        }
    }

    private ReadOnlySpan<char> ReadToken()
    {
        int length = LengthOf(Left, s_token);
        ReadOnlySpan<char> token = Left[..length];
        _at += length;
        return token;
    }

    /// <summary>Without its quotes and escapes (RFC 9110 §5.6.4). One that does not end goes to the end of the line.</summary>
    private string ReadQuoted()
    {
        ReadOnlySpan<char> inside = Left[1..];
        int length = 0;
        bool hasEscapes = false;
        while (length < inside.Length && inside[length] != '"')
        {
            bool escapes = inside[length] == '\\' && length + 1 < inside.Length;
            hasEscapes |= escapes;
            length += escapes ? 2 : 1;
        }

        _at += Math.Min(Left.Length, length + 2);
        return hasEscapes ? Unescape(inside[..length]) : inside[..length].ToString();
    }

    private static string Unescape(ReadOnlySpan<char> text)
    {
        var value = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            value.Append(text[i] == '\\' && i + 1 < text.Length ? text[++i] : text[i]);
        }

        return value.ToString();
    }

    /// <summary>A token; where it is none, what there is up to the comma.</summary>
    private string ReadUnquoted()
    {
        int end = Left.IndexOf(',');
        ReadOnlySpan<char> value = (end < 0 ? Left : Left[..end]).Trim(" \t");
        _at += end < 0 ? Left.Length : end;
        return value.ToString();
    }

    private void SkipSpaces() => _at = _text.Length - Left.TrimStart(" \t").Length;

    /// <summary>Whatever is left of the element, and its comma. A comma between quotes is none.</summary>
    private void SkipElement()
    {
        while (_at < _text.Length && _text[_at] != ',')
        {
            if (_text[_at] == '"')
            {
                ReadQuoted();
            }
            else
            {
                _at++;
            }
        }

        _at = Math.Min(_at + 1, _text.Length);
    }

    private static int LengthOf(ReadOnlySpan<char> text, SearchValues<char> of)
    {
        int end = text.IndexOfAnyExcept(of);
        return end < 0 ? text.Length : end;
    }
}
