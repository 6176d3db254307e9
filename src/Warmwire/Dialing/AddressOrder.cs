using System.Net;
using System.Net.Sockets;

namespace Warmwire.Dialing;

/// <summary>
/// The order in which addresses are tried (RFC 8305 §4): IPv6 and IPv4 take turns, and within a family the resolver's order stands. The
/// family of the resolver's first address begins: that is where RFC 6724 and the machine's own precedence (<c>gai.conf</c>) were applied.
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
        AddressFamily? first = null;
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
                first ??= address.AddressFamily;
                family.Enqueue(address);
            }
        }

        known = seen.Count;
        bool fourFirst = first == AddressFamily.InterNetwork;
        (Queue<IPAddress> leading, Queue<IPAddress> following) = fourFirst ? (four, six) : (six, four);
        var arranged = new List<IPAddress>(Math.Min(known, MaxAddresses));
        while (arranged.Count < MaxAddresses && (leading.Count > 0 || following.Count > 0))
        {
            if (leading.TryDequeue(out IPAddress? address))
            {
                arranged.Add(address);
            }

            if (arranged.Count < MaxAddresses && following.TryDequeue(out address))
            {
                arranged.Add(address);
            }
        }

        return arranged;
    }
}
