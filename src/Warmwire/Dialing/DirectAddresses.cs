using System.Net;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>A dial that nothing is remembered for: its name is resolved each time, and the answer's order stands.</summary>
internal sealed class DirectAddresses(string host, HandlerSettings settings) : IDialAddresses
{
    public async ValueTask<DatedAnswer> AnswerAsync(bool again, DialWait wait, CancellationToken cancellationToken)
    {
        NameAnswer answer;
        if (settings.NameResolver is SystemResolver system)
        {
            wait.Place = new LookUpPlace();
            answer = await system.ResolveAsync(host, wait.Place, isUrgent: false, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            answer = await settings.NameResolver.ResolveAsync(host, cancellationToken).ConfigureAwait(false);
        }

        return DatedAnswer.Of(answer, settings.TimeProvider.GetTimestamp(), version: 0);
    }

    public IReadOnlyList<IPAddress> Order(DatedAnswer answer) => answer.Addresses;

    public void Raced(IReadOnlyList<RaceAttempt> attempts, IPAddress? winner)
    {
        // Nothing is remembered.
    }

    public bool TryTakePermit() => true;

    public void ReleasePermit()
    {
        // There is no limit.
    }
}
