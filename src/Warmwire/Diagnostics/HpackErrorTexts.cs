namespace Warmwire.Diagnostics;

/// <summary>
/// What can be wrong with a compressed field block. Nothing of its content is shown: a block that is out of step shows other fields'
/// values.
/// </summary>
internal static class HpackErrorTexts
{
    public const string Truncated = "The field block ends within a field (RFC 7541 §6).";
    public const string IntegerTooLarge = "A length or index in the field block is larger than is accepted (RFC 7541 §5.1).";
    public const string IndexZero = "A field of the block refers to entry 0, which is not used (RFC 7541 §6.1).";
    public const string HuffmanPaddingTooLong = "A Huffman-coded string is padded with more than 7 bits (RFC 7541 §5.2).";
    public const string HuffmanPaddingNotOnes = "The padding of a Huffman-coded string is not made of ones (RFC 7541 §5.2).";
    public const string HuffmanEndOfString = "A Huffman-coded string contains the end-of-string symbol (RFC 7541 §5.2).";
    public const string SizeUpdateNotFirst = "The field block changes the size of the table after its first field (RFC 7541 §4.2).";

    public static string IndexBeyondTables(int index, int last) =>
        $"A field of the block refers to entry {index}, but the last one is {last} (RFC 7541 §2.3.3).";

    public static string SizeUpdateTooLarge(int size, int limit) =>
        $"The field block sets the size of the table to {size}, but only {limit} was offered (RFC 7541 §6.3).";

    public static string SizeUpdateMissing(int limit) =>
        $"The field block adds to the table without having brought its size down to the {limit} that was offered (RFC 9113 §4.3.1).";
}
