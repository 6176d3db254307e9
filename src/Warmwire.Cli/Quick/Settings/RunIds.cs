using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Warmwire.Cli.Quick.Settings;

/// <summary>
/// The id of a run, by which <c>merge</c> finds out which shards belong together. Shards have no one to agree on it, so each computes it
/// from what all of them were given.
/// </summary>
internal static class RunIds
{
    public const int MaxLength = 100;

    private const int DerivedLength = 16;

    /// <summary>The one of <c>--run-id</c>; else that of all shards of this load, or for a run that is not divided a new one.</summary>
    public static string Of(QuickSettings settings) =>
        settings.RunId ?? (settings.Shard.Count > 1 ? Derive(settings) : Guid.NewGuid().ToString("N"));

    /// <summary>Letters, digits and <c>- _ . :</c>, so that it can be a part of a file's or a job's name and of a message.</summary>
    public static bool IsValid(string id) => id.Length is > 0 and <= MaxLength
        && id.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or ':');

    /// <summary>Headers are left out: a machine may have a token of its own.</summary>
    private static string Derive(QuickSettings settings)
    {
        string load = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {settings.Method} {settings.Url} {settings.TargetName}
            {settings.Rate:R} {settings.Arrivals} {settings.RequestsPerArrival} {settings.Shard.Count}
            {settings.Http2} {settings.NewConnectionPerRequest} {Convert.ToHexString(SHA256.HashData(settings.Payload ?? []))}
            {string.Join(' ', settings.Stages)} {settings.WarmUpSeconds:R} {settings.Users?.Users} {settings.Users?.Think.Ticks}
            {settings.StartAt?.UtcTicks}
            """);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(load)))[..DerivedLength];
    }
}
