using System.Net;
using Warmwire.Cli.Quick.Requests;

namespace Warmwire.Cli.Quick.Load;

/// <summary>
/// Who sends an arrival's requests: its values for placeholders, and its cookies. In a closed loop it lives as long as the run.
/// </summary>
internal sealed class VirtualUser
{
    /// <param name="keepsCookies">Whether it has a store of its own for cookies.</param>
    public VirtualUser(bool keepsCookies) => Cookies = keepsCookies ? new CookieContainer() : null;

    public Variables Variables { get; } = new();

    public CookieContainer? Cookies { get; }
}
