namespace Warmwire;

/// <summary>How much of a request had been handed to the operating system when it failed.</summary>
public enum RequestSent
{
    /// <summary>Not one byte: the server cannot have seen it.</summary>
    No,

    /// <summary>Some of it.</summary>
    Partly,

    /// <summary>All of it: the server may have acted on it.</summary>
    Fully,
}
