using System.Net;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Http2;

/// <summary>
/// A connection serves many requests, and what the code around one of them does must not hold up the others: it blocks, or it sends
/// another request to the same origin and waits for the answer.
/// </summary>
public sealed class BlockingHooksTests
{
    private const int Others = 20;

    public static TheoryData<Hook, bool, bool> Cases()
    {
        var data = new TheoryData<Hook, bool, bool>();
        foreach (Hook hook in Enum.GetValues<Hook>())
        {
            foreach (bool ownStream in new[] { false, true })
            {
                data.Add(hook, false, ownStream);
                if (hook != Hook.ContentWritesIntoClosedWindow)
                {
                    data.Add(hook, true, ownStream);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Others_are_answered_while_one_hook_blocks(Hook hook, bool sendsAnother, bool ownStream)
    {
        await using HookStage stage = await HookStage.StartAsync(hook, sendsAnother, ownStream);
        Task hooked = Task.Run(stage.RunHookedAsync);
        await Guard.Within(Task.WhenAny(stage.Reached, hooked), () => $"{hook} is reached");
        Assert.True(stage.Reached.IsCompleted, $"{hook} was never reached");

        Task<HttpStatusCode>[] others = [.. Enumerable.Range(0, Others).Select(i => Task.Run(() => stage.GetAsync($"other{i}")))];
        // Real time: the limit of the wait, so that a hook which holds the others up is told apart from a test that hangs.
        await Task.WhenAny(Task.WhenAll(others), Task.Delay(Guard.Limit / 2));
        Assert.Equal(Others, others.Count(static other => other is { IsCompletedSuccessfully: true, Result: HttpStatusCode.OK }));
        stage.LetGo();
        await Guard.Within(hooked, () => "the request whose hook has blocked");
        Assert.Equal(sendsAnother ? HttpStatusCode.OK : null, stage.Another);
        Assert.Equal(1, stage.Connections);
    }
}
