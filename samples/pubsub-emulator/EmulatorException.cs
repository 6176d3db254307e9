namespace Warmwire.Samples.PubSubEmulator;

/// <summary>A request that is refused, in the service's terms.</summary>
internal sealed class EmulatorException(int code, string status, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Status { get; } = status;

    public static EmulatorException NotFound(string resource) => new(404, "NOT_FOUND", $"Resource not found (resource={resource}).");

    public static EmulatorException AlreadyExists(string resource) =>
        new(409, "ALREADY_EXISTS", $"Resource already exists in the project (resource={resource}).");

    public static EmulatorException Invalid(string message) => new(400, "INVALID_ARGUMENT", message);

    public static EmulatorException Exhausted(string message) => new(429, "RESOURCE_EXHAUSTED", message);
}
