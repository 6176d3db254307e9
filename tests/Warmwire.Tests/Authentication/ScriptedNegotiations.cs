using Warmwire.Authentication;

namespace Warmwire.Tests.Authentication;

/// <summary>Negotiations without a domain: the client says c1, c2, … and takes what the server says but the token <c>bad</c>.</summary>
internal sealed class ScriptedNegotiations : INegotiationFactory
{
    private readonly Lock _gate = new();
    private readonly List<NegotiationOptions> _begun = [];
    private int _open;

    /// <summary>What each was begun with.</summary>
    public IReadOnlyList<NegotiationOptions> Begun
    {
        get
        {
            lock (_gate)
            {
                return [.. _begun];
            }
        }
    }

    /// <summary>Those that were not disposed.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>What the next token waits for, as for a domain controller.</summary>
    public Task? DomainController { get; set; }

    /// <summary>Whether messages say who it is, behind a dot.</summary>
    public bool SaysName { get; init; }

    /// <summary>Told when a token waits.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public INegotiation Begin(in NegotiationOptions options)
    {
        lock (_gate)
        {
            _begun.Add(options);
        }

        Interlocked.Increment(ref _open);
        return new Negotiation(this, SaysName ? "." + options.Credential.UserName : "");
    }

    private sealed class Negotiation(ScriptedNegotiations owner, string name) : INegotiation
    {
        private int _tokens;
        private bool _disposed;

        public string? Next(string? token)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (owner.DomainController is { } controller)
            {
                owner.Asked.TrySetResult();
                controller.Wait();
                ObjectDisposedException.ThrowIf(_disposed, this);
            }

            return token is null == (_tokens == 0) && token != "bad" ? $"c{++_tokens}{name}" : null;
        }

        public void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                Interlocked.Decrement(ref owner._open);
            }
        }
    }
}
