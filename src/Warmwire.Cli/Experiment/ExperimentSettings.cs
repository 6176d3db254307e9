namespace Warmwire.Cli.Experiment;

/// <summary>Which of the sample functions is called.</summary>
internal enum FunctionKind
{
    /// <summary><c>samples/functions/http</c>: calls a web server.</summary>
    Http,

    /// <summary><c>samples/functions/pubsub</c>: publishes to the emulator of <c>samples/pubsub-emulator</c>.</summary>
    PubSub,
}

/// <summary>What the experiment does; it does it twice.</summary>
internal sealed record ExperimentSettings(FunctionKind Function, double Rate, double DurationSeconds, bool Json)
{
    public const double DefaultRate = 30;
    public const double DefaultDurationSeconds = 20;

    public long Arrivals => Math.Max(1, (long)Math.Round(Rate * DurationSeconds));
}
