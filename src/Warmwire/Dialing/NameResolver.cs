using System.Net;
using System.Net.Sockets;
using Warmwire.Connections;
using Warmwire.Diagnostics;
using Warmwire.Settings;

namespace Warmwire.Dialing;

/// <summary>The first step of a dial: which addresses the host's name has.</summary>
internal static class NameResolver
{
    /// <param name="addresses">Whom to ask.</param>
    /// <param name="again">The last answer did not lead to a connection.</param>
    /// <param name="request">What is dialed.</param>
    /// <param name="deadline">When to give up.</param>
    /// <param name="otherHost">Whose name it is, where that is not the host that is dialed.</param>
    /// <returns>At least one address, in the order to try them.</returns>
    public static async Task<NamedAddresses> ResolveAsync(
        IDialAddresses addresses,
        bool again,
        DialRequest request,
        DialDeadline deadline,
        HostAndPort? otherHost = null)
    {
        Route route = request.Route;
        request.Progress.Phase = TransportPhase.Dns;
        HostAndPort host = otherHost ?? route.DialedHost;
        UserCode.Tell(request.Trace?.DnsStart, host.Host);
        TransportException failure;
        var wait = new DialWait();
        try
        {
            Task<DatedAnswer> asked = addresses.AnswerAsync(again, wait, deadline.Token).AsTask();
            DatedAnswer answer = await deadline.WaitAsync(asked).ConfigureAwait(false);
            List<IPAddress> order = AddressOrder.Arrange(addresses.Order(answer), out int known);
            if (order.Count > 0)
            {
                UserCode.Tell<IReadOnlyList<IPAddress>, Exception?>(request.Trace?.DnsDone, order, null);
                return new NamedAddresses(order, known, answer);
            }

            var none = new SocketException((int)SocketError.NoData);
            failure = DialFailure.Of(
                route, HttpRequestError.NameResolutionError, TransportPhase.Dns, DialErrorTexts.NoAddresses(host.Name), none);
        }
        catch (Exception e)
        {
            failure = deadline.Expired
                ? DialFailure.Timeout(
                    route,
                    HttpRequestError.ConnectionError,
                    TransportPhase.Dns,
                    wait.IsInLine ? DialErrorTexts.LookUpWaitedInLine(host.Name, NameLimits.SystemLookUps, request.ConnectTimeout)
                    : DialErrorTexts.NameResolutionTimedOut(host.Name, request.ConnectTimeout),
                    e)
                : DialFailure.Of(
                    route, HttpRequestError.NameResolutionError, TransportPhase.Dns, DialErrorTexts.NameResolutionFailed(host.Name, e), e);
        }

        UserCode.Tell<IReadOnlyList<IPAddress>, Exception?>(request.Trace?.DnsDone, [], failure);
        deadline.ThrowIfPoolCancelled();
        throw failure;
    }
}

/// <summary>The addresses that a dial tries.</summary>
/// <param name="Order">In this order.</param>
/// <param name="Known">How many there would be without <see cref="AddressOrder.MaxAddresses"/>.</param>
/// <param name="Answer">Where they come from; <see langword="null"/> if the host is an address.</param>
internal sealed record NamedAddresses(List<IPAddress> Order, int Known, DatedAnswer? Answer);
