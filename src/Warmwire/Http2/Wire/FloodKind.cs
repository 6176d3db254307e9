namespace Warmwire.Http2.Wire;

/// <summary>Frames that <see cref="FloodGuard"/> counts.</summary>
internal enum FloodKind
{
    Ping,
    Settings,
    EmptyData,
    GoneStream,
    Reset,
    WindowUpdate,
    Ignored,
}
