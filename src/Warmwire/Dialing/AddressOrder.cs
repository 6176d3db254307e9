using System.Net;
using System.Net.Sockets;

namespace Warmwire.Dialing;

/// <summary>
/// The order in which addresses are tried (RFC 8305 §4): IPv6 and IPv4 take turns, IPv6 begins, and within a family the resolver's order
/// stands, which is where RFC 6724 was applied.
/// </summary>
internal static class AddressOrder
{
    /// <summary>No dial tries more addresses than this; further ones of the answer are ignored.</summary>
    public const int MaxAddresses = 32;

    /// <param name="answer">The resolver's answer.</param>
    /// <param name="known">How many usable, different addresses the answer has.</param>
    public static List<IPAddress> Arrange(IEnumerable<IPAddress> answer, out int known)
    {
        var seen = new HashSet<IPAddress>();
        var six = new Queue<IPAddress>();
        var four = new Queue<IPAddress>();
        foreach (IPAddress answered in answer)
        {
            // A socket of the IPv6 family does not reach mapped addresses unless it is dual mode, and ours are not.
            IPAddress address = answered.IsIPv4MappedToIPv6 ? answered.MapToIPv4() : answered;
            Queue<IPAddress>? family = address.AddressFamily switch
            {
                AddressFamily.InterNetworkV6 => six,
                AddressFamily.InterNetwork => four,
                _ => null,
            };
            if (family is not null && seen.Add(address))
            {
                family.Enqueue(address);
            }
        }

        known = seen.Count;
        var arranged = new List<IPAddress>(Math.Min(known, MaxAddresses));
        while (arranged.Count < MaxAddresses && (six.Count > 0 || four.Count > 0))
        {
            if (six.TryDequeue(out IPAddress? address))
            {
                arranged.Add(address);
            }

            if (arranged.Count < MaxAddresses && four.TryDequeue(out address))
            {
                arranged.Add(address);
            }
        }

        return arranged;
    }
}
