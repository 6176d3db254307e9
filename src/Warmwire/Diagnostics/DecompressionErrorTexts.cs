namespace Warmwire.Diagnostics;

/// <summary>What is said when a response's content coding cannot be undone.</summary>
internal static class DecompressionErrorTexts
{
    public const string AlreadyConsumed =
        "The content of this response has been read already; it is decompressed as it arrives and cannot be read twice. Buffer it with "
        + "LoadIntoBufferAsync first.";

    public static string Corrupt(string coding) =>
        $"The response's content is not valid {coding}, though its Content-Encoding says so (see "
        + "PooledHttpHandler.AutomaticDecompression).";

    public static string Truncated(string coding) =>
        $"The response's {coding} content ended in the middle: the server cut it short (see PooledHttpHandler.AutomaticDecompression).";
}
