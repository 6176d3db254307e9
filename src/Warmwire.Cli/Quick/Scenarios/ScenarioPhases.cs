using Warmwire.Cli.Quick.Settings;
using YamlDotNet.RepresentationModel;

namespace Warmwire.Cli.Quick.Scenarios;

/// <summary>When virtual users arrive, as <c>config.phases</c> says.</summary>
internal sealed class ScenarioPhases
{
    public ScenarioPhases(string file, YamlMap config)
    {
        if (config.Find("phases") is null)
        {
            return;
        }

        var parts = new List<(double Seconds, double From, double To)>();
        foreach (YamlNode node in config.GetList("phases"))
        {
            parts.Add(Phase(new YamlMap(file, "a phase", node).Only("name", "duration", "arrivalRate", "rampTo", "arrivalCount", "pause")));
        }

        if (parts.Count is 0 or > Stage.MaxCount || parts.All(static part => part.From + part.To == 0))
        {
            throw config.Wrong("phases", $"must have from 1 to {Stage.MaxCount} phases, one of them with arrivals");
        }

        if (parts.Sum(static part => part.Seconds) > QuickSettings.MaxDurationSeconds)
        {
            throw config.Wrong("phases", "may take 7 days together at most");
        }

        Plan = ArrivalPlan.Of(parts);
        (_, double from, double to) = parts.First(static part => part.From + part.To > 0);
        FirstRate = from > 0 ? from : to;
    }

    public ArrivalPlan? Plan { get; }

    public double FirstRate { get; }

    private static (double Seconds, double From, double To) Phase(YamlMap phase)
    {
        if (phase.Find("pause") is not null)
        {
            phase.Only("name", "pause");
            return (Seconds(phase, "pause"), 0, 0);
        }

        double seconds = Seconds(phase, "duration");
        if (phase.FindNumber("arrivalCount", 1, QuickSettings.MaxArrivals) is { } count)
        {
            phase.Only("name", "duration", "arrivalCount");
            return (seconds, count / seconds, count / seconds);
        }

        double from = phase.FindNumber("arrivalRate", 0, QuickSettings.MaxRate)
            ?? throw phase.Wrong("needs 'arrivalRate', 'arrivalCount' or 'pause'");
        return (seconds, from, phase.FindNumber("rampTo", 0, QuickSettings.MaxRate) ?? from);
    }

    private static double Seconds(YamlMap phase, string key)
    {
        string text = phase.GetText(key);
        return Duration.TryParse(text) ?? throw phase.Wrong(key, $"must be a time from 1ms to 7 days such as 60, 90s or 5m, not '{text}'");
    }
}
