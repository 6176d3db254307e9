namespace Warmwire.Authentication;

/// <summary>The hashes of the Digest scheme that .NET has, from the weakest to the strongest (RFC 7616 §6.1).</summary>
internal enum DigestAlgorithm : byte
{
    Md5,
    Md5Session,
    Sha256,
    Sha256Session,
}
