using Warmwire.Cli.Quick.Settings;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Settings;

public sealed class RunIdsTests
{
    private static readonly QuickSettings s_shard = new()
    {
        Url = new Uri("http://a.test/"),
        Rate = 30,
        Arrivals = 300,
        Shard = new Shard(0, 4),
        StartAt = DateTimeOffset.UnixEpoch,
    };

    [Fact]
    public void Shards_of_one_load_have_one_id_and_each_other_load_has_another()
    {
        QuickSettings[] others =
        [
            s_shard with { Url = new Uri("http://a.test/b") },
            s_shard with { Rate = 31 },
            s_shard with { Arrivals = 301 },
            s_shard with { RequestsPerArrival = 2 },
            s_shard with { Shard = new Shard(0, 5) },
            s_shard with { StartAt = null },
            s_shard with { StartAt = DateTimeOffset.UnixEpoch.AddSeconds(1) },
            s_shard with { Method = HttpMethod.Post },
            s_shard with { Payload = [1] },
            s_shard with { Http2 = true },
            s_shard with { NewConnectionPerRequest = true },
        ];
        string id = RunIds.Of(s_shard);
        Assert.Equal(id, RunIds.Of(s_shard with { Shard = new Shard(3, 4), Headers = [KeyValuePair.Create("Authorization", "mine")] }));
        Assert.Equal(others.Length, others.Select(RunIds.Of).Except([id], StringComparer.Ordinal).Count());
        Assert.True(RunIds.IsValid(id));
    }

    [Fact]
    public void A_run_that_is_not_divided_has_an_id_of_its_own()
    {
        QuickSettings whole = s_shard with { Shard = Shard.Whole };
        Assert.NotEqual(RunIds.Of(whole), RunIds.Of(whole));
        Assert.True(RunIds.IsValid(RunIds.Of(whole)));
    }

    [Fact]
    public void What_was_given_is_the_id() => Assert.Equal("nightly", RunIds.Of(s_shard with { RunId = "nightly" }));

    [Theory]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a\nb", false)]
    [InlineData("nightly-2026.01_02:03", true)]
    public void An_id_is_one_word(string id, bool isValid) => Assert.Equal(isValid, RunIds.IsValid(id));

    [Fact]
    public void An_id_is_at_most_100_long()
    {
        Assert.True(RunIds.IsValid(new string('a', 100)));
        Assert.False(RunIds.IsValid(new string('a', 101)));
    }
}
