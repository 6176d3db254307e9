using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;

namespace Warmwire.Fields;

/// <summary>The characters fields are made of (RFC 9110 §5.5, §5.6.2).</summary>
internal static class FieldSyntax
{
    // Written out, not computed: generic code over bytes and characters is not in any precompiled image, and a first request waits for it.
    public static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public static readonly SearchValues<char> TokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>VCHAR: what a request target or a Host may be made of at the most.</summary>
    public static readonly SearchValues<char> VisibleChars = SearchValues.Create(
        "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");

    public static readonly SearchValues<char> LowerCaseLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz");

    /// <summary>CTL without HTAB: none of these may stand in a value, so the first one found ends the line or breaks it.</summary>
    public static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
    [
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F,
        0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x7F,
    ]);

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
            control = Vector256.AndNot(control, Vector256.Equals(block, Vector256.Create((byte)'\t'))) | Vector256.Equals(
                block,
                Vector256.Create((byte)0x7F));
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
