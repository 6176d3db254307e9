using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What differs and stays is said in docs/migrating.md, each with its reason.</summary>
public sealed class MigratingDocTests
{
    [Theory]
    [InlineData("RequestUri", "a redirect")]
    [InlineData("ResponseDrainTimeout", "drain")]
    [InlineData("Authorization", "same-origin redirect")]
    [InlineData("WaitForReady", "gRPC over a custom handler")]
    [InlineData("GrpcChannel.ConnectAsync", "gRPC over a custom handler")]
    [InlineData("| same", "one table: same / stricter / better")]
    [InlineData("| stricter", "one table: same / stricter / better")]
    [InlineData("| better", "one table: same / stricter / better")]
    [Trait("Issue10", "V1-migrating")]
    public async Task Each_difference_that_stays_is_written_down(string word, string about)
    {
        string text = await File.ReadAllTextAsync(Repository.Path("docs/migrating.md"));
        Assert.True(text.Contains(word, StringComparison.OrdinalIgnoreCase), $"docs/migrating.md says nothing of {word} ({about}).");
    }
}
