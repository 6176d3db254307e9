namespace Warmwire.Bench.Client.Shapes;

/// <summary>A way to use a handler. It lives through all rounds, so what one round warmed serves the next.</summary>
internal interface IShape : IDisposable
{
    /// <param name="order">The words of one <c>run</c>, such as <c>seconds=3</c>.</param>
    Task<Reply> RunAsync(Words order);
}

/// <summary>The shapes by name.</summary>
internal static class Shape
{
    public static IShape Create(string name, Words words) => name switch
    {
        "requests" => new RequestLoop(words),
        "download" => new DownloadLoop(words),
        "cancel" => new CancelLoop(words),
        "block" => new BlockLoop(words),
        "stall" => new StallLoop(words),
        "saturate" => new SaturateLoop(words),
        "burst" => new Burst(words),
        "idle" => new IdleConnections(words),
        "origins" => new OriginsPass(words),
        "first" => new FirstResponse(words),
        _ => throw new ArgumentException($"there is no shape '{name}'", nameof(name)),
    };
}
