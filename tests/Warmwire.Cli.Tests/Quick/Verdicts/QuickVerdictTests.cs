using Warmwire.Cli.Quick.Results;
using Warmwire.Cli.Quick.Verdicts;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Cli.Tests.Quick.Verdicts;

public sealed class QuickVerdictTests
{
    public static TheoryData<string> Names => [.. VerdictCases.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_sentence_is_said_where_the_result_shows_it_and_nowhere_else(string name)
    {
        (IVerdict verdict, QuickResult result, string? sentence) = VerdictCases.All[name];
        Assert.Equal(sentence, verdict.Of(result));
    }

    [Fact]
    public void Every_sentence_has_cases_in_which_it_is_said_and_in_which_it_is_not()
    {
        Type[] types =
        [
            .. typeof(IVerdict).Assembly.GetTypes().Where(static type => type.IsClass && type.IsAssignableTo(typeof(IVerdict))),
        ];
        foreach (Type type in types)
        {
            string?[] sentences =
            [
                .. VerdictCases.All.Values.Where(one => one.Verdict.GetType() == type).Select(static one => one.Sentence),
            ];
            Assert.True(sentences.Any(static sentence => sentence is not null), $"{type.Name} is never said");
            Assert.True(sentences.Any(static sentence => sentence is null), $"{type.Name} is never not said");
        }

        Assert.True(VerdictCases.All.Count >= 40);
    }

    [Fact]
    public void A_usual_run_is_told_in_this_order()
    {
        QuickResult usual = QuickResults.Usual();
        Assert.Equal(
            [
                "200 requests used 10 connections, at most 8 open at a time.",
                "95.0 % of requests reused a connection.",
                "10 of 200 requests got no complete response; most often timeout (10).",
                "6 of 190 responses had a status of 400 or above.",
                "Sent 100 of the planned 100 requests/s; the load generator kept up.",
            ],
            QuickVerdict.Sentences(usual));
    }

    [Fact]
    public void Without_a_request_there_is_nothing_more_to_say() =>
        Assert.Equal(["No request was sent."], QuickVerdict.Sentences(QuickResults.Empty()));

    [Fact]
    public void Every_reason_of_the_page_on_reuse_has_a_meaning()
    {
        string page = File.ReadAllText(Repository.Path("docs/reuse.md"));
        foreach (CloseReason reason in Enum.GetValues<CloseReason>())
        {
            Assert.Contains($"| `{reason}` |", page, StringComparison.Ordinal);
            Assert.NotEmpty(CloseMeaning.Of(reason.ToString()));
        }
    }
}
