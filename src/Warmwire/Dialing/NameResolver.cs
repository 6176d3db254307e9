using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;

namespace Warmwire.Dialing;

/// <summary>The first step of a dial: which addresses the host's name has.</summary>
internal static class NameResolver
{
    /// <returns>At least one address, in the order to try them, and how many there would have been without
    /// <see cref="AddressOrder.MaxAddresses"/>.</returns>
    public static async Task<(List<IPAddress> Addresses, int Known)> ResolveAsync(
        Func<string, CancellationToken, Task<IPAddress[]>> resolve,
        DialRequest request,
        DialDeadline deadline)
    {
        Route route = request.Route;
        UserCode.Tell(request.Trace?.DnsStart, route.Host);
        TransportException failure;
        try
        {
            IPAddress[]? answer = await deadline.WaitAsync(resolve(route.Host, deadline.Token)).ConfigureAwait(false);
            List<IPAddress> addresses = AddressOrder.Arrange(answer ?? [], out int known);
            if (addresses.Count > 0)
            {
                UserCode.Tell<IReadOnlyList<IPAddress>, Exception?>(request.Trace?.DnsDone, addresses, null);
                return (addresses, known);
            }

            var none = new SocketException((int)SocketError.NoData);
            failure = DialFailure.Of(
                route, HttpRequestError.NameResolutionError, TransportPhase.Dns, DialErrorTexts.NoAddresses(route.Host), none);
        }
        catch (Exception e)
        {
            failure = deadline.Expired
                ? DialFailure.Timeout(
                    route,
                    HttpRequestError.ConnectionError,
                    TransportPhase.Dns,
                    DialErrorTexts.NameResolutionTimedOut(route.Host, request.ConnectTimeout),
                    e)
                : DialFailure.Of(
                    route, HttpRequestError.NameResolutionError, TransportPhase.Dns, DialErrorTexts.NameResolutionFailed(route.Host, e), e);
        }

        UserCode.Tell<IReadOnlyList<IPAddress>, Exception?>(request.Trace?.DnsDone, [], failure);
        deadline.ThrowIfPoolCancelled();
        throw failure;
    }
}
