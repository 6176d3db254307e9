namespace Warmwire.Diagnostics;

/// <summary>.NET's switches about the telemetry of its HTTP clients: a program that has set one means ours too.</summary>
internal static class TelemetrySwitches
{
    /// <summary>Whether requests have activities and carry the trace on.</summary>
    public static bool ActivitiesAreOn { get; } =
        Read("System.Net.Http.EnableActivityPropagation", "DOTNET_SYSTEM_NET_HTTP_ENABLEACTIVITYPROPAGATION", ifNotSet: true);

    /// <summary>Whether URIs are told with their query.</summary>
    public static bool QueriesAreShown { get; } =
        Read("System.Net.Http.DisableUriRedaction", "DOTNET_SYSTEM_NET_HTTP_DISABLEURIREDACTION", ifNotSet: false);

    private static bool Read(string name, string variable, bool ifNotSet)
    {
        if (AppContext.TryGetSwitch(name, out bool isSet))
        {
            return isSet;
        }

        string? text = Environment.GetEnvironmentVariable(variable);
        return bool.TryParse(text, out isSet) ? isSet : uint.TryParse(text, out uint number) ? number != 0 : ifNotSet;
    }
}
