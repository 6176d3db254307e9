using System.Net;

namespace Warmwire.Dialing;

/// <summary>What a dial asks of its pool about the addresses of its host, and tells it of them. One object serves one dial.</summary>
internal interface IDialAddresses : IAttemptPermits
{
    /// <summary>The answer for the name: the newest that there is, if it may still serve, or the one of a look-up.</summary>
    /// <param name="again">The addresses of the last answer could not be reached: a newer one is wanted.</param>
    /// <param name="wait">Is told what the dial waits for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<DatedAnswer> AnswerAsync(bool again, DialWait wait, CancellationToken cancellationToken);

    /// <summary>The addresses of an answer in the order to try them.</summary>
    IReadOnlyList<IPAddress> Order(DatedAnswer answer);

    /// <summary>A race is over.</summary>
    /// <param name="attempts">What became of each attempt.</param>
    /// <param name="winner">The address that was reached, if any.</param>
    void Raced(IReadOnlyList<RaceAttempt> attempts, IPAddress? winner);
}
