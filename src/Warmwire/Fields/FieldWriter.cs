using System.Buffers;
using System.Text;
using Warmwire.Buffers;
using Warmwire.Diagnostics;

namespace Warmwire.Fields;

/// <summary>
/// Writes what a program puts into a request, and refuses what would let it forge another field or another request, whatever the protocol
/// (RFC 9110 §5.1, §5.5, §9.1; RFC 9112 §3.2).
/// </summary>
internal static class FieldWriter
{
    /// <exception cref="HttpRequestException">The method is no token.</exception>
    public static void CheckMethod(string method)
    {
        if (method.Length == 0 || method.ContainsAnyExcept(FieldSyntax.TokenChars))
        {
            throw new HttpRequestException(RequestErrorTexts.MethodIsNotToken(method));
        }
    }

    /// <exception cref="HttpRequestException">The name is no token.</exception>
    public static void CheckName(string name)
    {
        if (!IsName(name))
        {
            throw new HttpRequestException(RequestErrorTexts.HeaderNameIsNotToken(name));
        }
    }

    public static bool IsName(string name) => name.Length > 0 && !name.ContainsAnyExcept(FieldSyntax.TokenChars);

    /// <summary>Writes the path and query. A URI made without canonicalization may contain anything.</summary>
    /// <exception cref="HttpRequestException">It has a character that ends the target, or the line.</exception>
    public static void WriteTarget(OutputBuffer output, string target)
    {
        int illegal = target.AsSpan().IndexOfAnyExcept(FieldSyntax.VisibleChars);
        if (illegal >= 0)
        {
            throw new HttpRequestException(RequestErrorTexts.TargetHasIllegalCharacter(target[illegal], illegal));
        }

        if (!target.StartsWith('/'))
        {
            output.Write("/"u8); // RFC 9112 §3.2.1, RFC 9113 §8.3.1: an empty path is sent as "/"
        }

        output.WriteAscii(target);
    }

    /// <summary>Writes a value, or a part of one.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="name">The field, for the error.</param>
    /// <param name="value">The text.</param>
    /// <param name="encoding">
    /// What the program says characters beyond ASCII are to be sent as; <see langword="null"/>: they are refused.
    /// </param>
    /// <exception cref="HttpRequestException">It has a character that cannot be sent, or a line break.</exception>
    public static void WriteValue(OutputBuffer output, string name, ReadOnlySpan<char> value, Encoding? encoding)
    {
        Span<byte> destination;
        int written;
        if (encoding is null)
        {
            destination = output.GetSpan(value.Length);
            if (PlainText.TryWrite(value, destination))
            {
                output.Advance(value.Length);
                return;
            }

            if (Ascii.FromUtf16(value, destination, out written) != OperationStatus.Done)
            {
                throw new HttpRequestException(RequestErrorTexts.HeaderValueIsNotAscii(name));
            }
        }
        else
        {
            destination = output.GetSpan(UserCode.CountBytes(encoding, name, value));
            written = UserCode.Encode(encoding, name, value, destination);
        }

        // The bytes are looked at and not the characters, because an encoding can make line breaks of other characters.
        if (destination[..written].ContainsAny(FieldSyntax.LineBreakBytes))
        {
            throw new HttpRequestException(RequestErrorTexts.HeaderValueHasLineBreak(name));
        }

        output.Advance(written);
    }
}
