using Warmwire.Authentication;
using Warmwire.Settings;

namespace Warmwire.Exchange;

/// <summary>The answer to a challenge, within the time there is for it.</summary>
internal static class TimedAnswer
{
    /// <summary>
    /// Makes the answer; <see langword="null"/>: there is none, or the domain controller or the content took longer than <see
    /// cref="AuthenticationLimits.Answer"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller has cancelled, or the total time is over.</exception>
    public static async ValueTask<string?> MakeAsync(
        Hop hop, HandlerSettings settings, AuthenticationDialogue dialogue, CredentialChoice choice, AuthenticationRequest about)
    {
        using var time = new HopTime(hop.Total, settings.TimeProvider, AuthenticationLimits.Answer, hop.CancellationToken);
        try
        {
            return await dialogue.AnswerAsync(choice, about, time.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (time.IsOver && hop.Total?.HasExpired != true)
        {
            return null;
        }
    }
}
