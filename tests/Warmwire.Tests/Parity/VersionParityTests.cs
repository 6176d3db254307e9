using System.Net;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// Every version with every policy, but for 2.0 that is not to be lowered: HTTP/2 without TLS, which this server does not speak.
/// </summary>
public sealed class VersionParityTests
{
    public static TheoryData<string, HttpVersionPolicy> Versions
    {
        get
        {
            var rows = new TheoryData<string, HttpVersionPolicy> { { "2.0", HttpVersionPolicy.RequestVersionOrLower } };
            foreach (string version in new[] { "0.9", "1.0", "1.1", "1.2", "1.9", "2.1", "3.0", "3.1", "4.0" })
            {
                rows.Add(version, HttpVersionPolicy.RequestVersionOrLower);
                rows.Add(version, HttpVersionPolicy.RequestVersionOrHigher);
                rows.Add(version, HttpVersionPolicy.RequestVersionExact);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public Task A_version_is_spoken_or_refused_as_by_the_handler_of_NET(string version, HttpVersionPolicy policy) =>
        ParityRun.AssertSameAsync(_ => Reply.Ok(), run => run.SendAsync(new HttpRequestMessage(HttpMethod.Get, run.Uri)
        {
            Version = Version.Parse(version),
            VersionPolicy = policy,
        }));
}
