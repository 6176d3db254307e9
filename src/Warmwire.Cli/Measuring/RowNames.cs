namespace Warmwire.Cli.Measuring;

/// <summary>The rows of a comparison, in their order.</summary>
internal static class RowNames
{
    /// <summary>A client and a handler created and disposed for each request.</summary>
    public const string NewHandlerPerRequest = "new-handler-per-request";

    /// <summary>One client over one <see cref="System.Net.Http.SocketsHttpHandler"/>.</summary>
    public const string SocketsHttpHandler = "sockets-http-handler";

    /// <summary>One client over one <see cref="PooledHttpHandler"/>.</summary>
    public const string Warmwire = "warmwire";

    public static IReadOnlyList<string> All { get; } = [NewHandlerPerRequest, SocketsHttpHandler, Warmwire];
}
