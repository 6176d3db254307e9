namespace Warmwire.Bodies;

/// <summary>A response content that knows which connection brought it; a content that wraps another passes the answer on.</summary>
internal interface IConnectionInfoSource
{
    TransportConnectionInfo? ConnectionInfo { get; }
}
