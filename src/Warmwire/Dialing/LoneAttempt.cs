using System.Net;

namespace Warmwire.Dialing;

/// <summary>
/// The attempt of a dial that has one address: there is nobody to race against, so it takes no permit besides the dial's own, and needs
/// neither a delay nor a token of its own.
/// </summary>
internal static class LoneAttempt
{
    /// <inheritdoc cref="AddressRace.RunAsync{T}(IReadOnlyList{IPEndPoint}, Func{IPEndPoint, CancellationToken, Task{T}}, TimeProvider,
    /// RaceRules, CancellationToken)"/>
    public static async Task<AddressRaceResult<Stream>> RunAsync(
        IPEndPoint endPoint,
        Func<IPEndPoint, CancellationToken, Task<Stream>> connect,
        TimeProvider clock,
        RaceRules rules,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var attempt = new RaceAttempt(endPoint, clock.GetTimestamp());
        rules.Attempts.Add(attempt);
        Task<Stream>? connecting = null;
        try
        {
            connecting = connect(endPoint, cancellationToken);
            Stream winner = await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new AddressRaceResult<Stream>(winner, endPoint, []);
        }
        catch (Exception e)
        {
            attempt.Error = connecting is null or { IsFaulted: true } ? e : null;
            if (cancellationToken.IsCancellationRequested)
            {
                // Story: the time is over while the attempt runs on, or at the moment at which it ends. What it makes then is nobody's.
                if (connecting is not null)
                {
                    attempt.Unanswered = clock.GetElapsedTime(attempt.BegunAt);
                    DialDeadline.Discard(connecting);
                }

                // What is registered with the token runs last in, first out: this is before the attempt's own, which must not wait for what
                // the dial does now.
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                cancellationToken.ThrowIfCancellationRequested();
            }

            attempt.Error = e;
            return new AddressRaceResult<Stream>(null, null, [(endPoint, e)]);
        }
    }
}
