namespace Warmwire.Cli.Quick.Requests;

/// <summary>A placeholder has no value: nothing was captured under its name.</summary>
internal sealed class MissingValueException : Exception
{
    public MissingValueException(string name)
        : base($"there is no value for {{{{{name}}}}}: it was not captured")
    {
    }
}
