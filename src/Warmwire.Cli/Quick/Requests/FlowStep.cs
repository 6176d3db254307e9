namespace Warmwire.Cli.Quick.Requests;

/// <summary>What a virtual user does next.</summary>
internal abstract record FlowStep
{
    private FlowStep()
    {
    }

    /// <summary>Sends a request and waits for its response.</summary>
    /// <param name="Pick">The request, by the number of the arrival.</param>
    internal sealed record Send(Func<long, RequestTemplate> Pick) : FlowStep;

    /// <summary>Does one of several things, by the number of the arrival.</summary>
    internal sealed record Choose(Func<long, IReadOnlyList<FlowStep>> Pick) : FlowStep;

    /// <summary>Waits.</summary>
    internal sealed record Think(TimeSpan Time) : FlowStep;

    /// <summary>Does the same several times.</summary>
    internal sealed record Loop(long Count, IReadOnlyList<FlowStep> Steps) : FlowStep;
}
