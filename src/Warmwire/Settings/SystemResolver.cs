using System.Net;
using Warmwire.Runtime;

namespace Warmwire.Settings;

/// <summary>
/// The system's resolver. Where it blocks, which is everywhere but on Windows, look-ups have threads of their own, and those of further
/// names wait in line.
/// </summary>
internal sealed class SystemResolver : INameResolver
{
    /// <summary>The process's.</summary>
    public static readonly SystemResolver Shared = OperatingSystem.IsWindows() ? new(threads: null)
        : new(new LookUpThreads(Dns.GetHostAddresses, NameLimits.SystemLookUps, NameLimits.SpareLookUpThread));

    private readonly LookUpThreads? _threads;

    internal SystemResolver(LookUpThreads? threads) => _threads = threads;

    public Task<NameAnswer> ResolveAsync(string host, CancellationToken cancellationToken) =>
        ResolveAsync(host, place: null, isUrgent: false, cancellationToken);

    /// <param name="host">The name.</param>
    /// <param name="place">Is told which look-up it is.</param>
    /// <param name="isUrgent">It goes before those that are not.</param>
    /// <param name="cancellationToken">Leaves the line. A look-up that has begun cannot be ended.</param>
    public async Task<NameAnswer> ResolveAsync(string host, LookUpPlace? place, bool isUrgent, CancellationToken cancellationToken)
    {
        if (_threads is null)
        {
            return new NameAnswer(await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false));
        }

        cancellationToken.ThrowIfCancellationRequested();
        BlockingLookUp lookUp = _threads.Join(host, isUrgent);
        place?.LookUp = lookUp;
        try
        {
            await lookUp.Begin.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_threads.TryLeave(lookUp))
        {
            // It has begun meanwhile.
        }

        return new NameAnswer(await lookUp.Answer.ConfigureAwait(false));
    }
}

/// <summary>Where a look-up stands, for the text of a dial whose time is over.</summary>
internal sealed class LookUpPlace
{
    private volatile BlockingLookUp? _lookUp;

    /// <summary>The look-up; <see langword="null"/> where none stands in line.</summary>
    public BlockingLookUp? LookUp { get => _lookUp; set => _lookUp = value; }

    /// <summary>It waits for its turn, or did when it was given up.</summary>
    public bool IsInLine => _lookUp is { Begin.IsCompleted: false };
}
