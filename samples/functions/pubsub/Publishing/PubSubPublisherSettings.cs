namespace Warmwire.Samples.PubSub;

/// <param name="Project">The project whose topics are published to.</param>
internal sealed record PubSubPublisherSettings(string Project)
{
    /// <summary>The service, or an emulator of it.</summary>
    public Uri Endpoint { get; init; } = new("https://pubsub.googleapis.com/");

    /// <summary>Where tokens come from; <see langword="null"/> sends none, as emulators want it.</summary>
    public IAccessTokenSource? Tokens { get; init; }

    /// <summary>The time one publish may take, token and answer included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
