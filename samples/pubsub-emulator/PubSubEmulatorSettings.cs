namespace Warmwire.Samples.PubSubEmulator;

/// <summary>What the emulator keeps at most. All of it is in memory, and gone with the process.</summary>
internal sealed record PubSubEmulatorSettings
{
    /// <summary>Topics of all projects.</summary>
    public int MaxTopics { get; init; } = 1_000;

    /// <summary>Subscriptions of all projects.</summary>
    public int MaxSubscriptions { get; init; } = 1_000;

    /// <summary>Messages of one subscription that are not acknowledged yet.</summary>
    public int MaxMessagesPerSubscription { get; init; } = 10_000;

    /// <summary>The bytes of all messages that are not acknowledged yet, counted once for each subscription.</summary>
    public long MaxBytes { get; init; } = 64_000_000;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
