using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Warmwire.Http1;

/// <summary>The characters fields are made of (RFC 9110 §5.5, §5.6.2).</summary>
internal static class FieldSyntax
{
    private const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static readonly SearchValues<byte> TokenBytes = SearchValues.Create([.. Token.Select(static c => (byte)c)]);

    public static readonly SearchValues<char> TokenChars = SearchValues.Create(Token);

    /// <summary>VCHAR: what a request target or a Host may be made of at the most.</summary>
    public static readonly SearchValues<char> VisibleChars = SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(static c => (char)c)]);

    public static readonly SearchValues<char> LowerCaseLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz");

    /// <summary>CTL without HTAB: none of these may stand in a value, so the first one found ends the line or breaks it.</summary>
    public static readonly SearchValues<byte> ControlBytes =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Where(static c => c != '\t').Append(0x7F).Select(static c => (byte)c)]);

    /// <summary>What turns one field into two, or cuts it short, at a careless recipient.</summary>
    public static readonly SearchValues<byte> LineBreakBytes = SearchValues.Create("\r\n\0"u8);

    /// <summary>OWS and BWS (RFC 9110 §5.6.3).</summary>
    public static ReadOnlySpan<byte> TrimWhiteSpace(ReadOnlySpan<byte> value)
    {
        // One space in front and none behind is how nearly every field is written.
        if (value.Length > 1 && value[0] == ' ')
        {
            value = value[1..];
        }

        return value.Length > 0 && !IsWhiteSpace(value[0]) && !IsWhiteSpace(value[^1]) ? value : value.Trim(" \t"u8);
    }

    /// <summary>The first of <see cref="ControlBytes"/>, or -1.</summary>
    public static int IndexOfControl(ReadOnlySpan<byte> text)
    {
        if (Vector256.IsHardwareAccelerated && text.Length >= Vector256<byte>.Count)
        {
            // Most values end within the first block.
            Vector256<byte> block = Vector256.Create(text);
            Vector256<byte> control = Vector256.LessThan(block, Vector256.Create((byte)' '));
            control = Vector256.AndNot(control, Vector256.Equals(block, Vector256.Create((byte)'\t'))) | Vector256.Equals(block, Vector256.Create((byte)0x7F));
            uint found = control.ExtractMostSignificantBits();
            if (found != 0)
            {
                return BitOperations.TrailingZeroCount(found);
            }
        }

        return text.IndexOfAny(ControlBytes);
    }

    public static bool IsWhiteSpace(byte b) => b is (byte)' ' or (byte)'\t';
}
