using System.Reflection;
using Warmwire.Connections;
using Warmwire.Exchange;
using Warmwire.Handler;

namespace Warmwire.Tests.Kit;

/// <summary>How many deadlines of a handler wait: what is left behind there holds memory until it is due.</summary>
internal static class Deadlines
{
    private const BindingFlags Private = BindingFlags.NonPublic | BindingFlags.Instance;

    public static int Waiting(PooledHttpHandler handler)
    {
        var lifetime = (HandlerLifetime)typeof(PooledHttpHandler).GetField("_lifetime", Private)!.GetValue(handler)!;
        var services = (ConnectionServices)typeof(ExchangeEngine).GetField("_services", Private)!.GetValue(lifetime.Engine)!;
        return services.Deadlines.Count;
    }
}
