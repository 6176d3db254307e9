using System.Net;
using Warmwire;
using Warmwire.Samples.DnsResolver;

if (args.Length is 0 or > 2 || !Uri.TryCreate(args[0], UriKind.Absolute, out Uri? url))
{
    await Console.Error.WriteLineAsync("usage: URL [DNS-SERVER:PORT], such as http://example.com/ 127.0.0.1:53");
    return 2;
}

using var handler = new PooledHttpHandler
{
    NameResolver = new DnsClientResolver(args.Length == 2 ? IPEndPoint.Parse(args[1]) : null),
    DnsRefreshInterval = TimeSpan.FromSeconds(30),
    AddressSelection = AddressSelection.RoundRobin,
};
using var client = new HttpClient(handler);
try
{
    for (int round = 0; round < 5; round++)
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetStringAsync(url)));
    }
}
catch (HttpRequestException e)
{
    await Console.Error.WriteLineAsync($"dns-resolver: {e.Message}");
    return 1;
}

foreach (ConnectionSnapshot connection in handler.GetSnapshot().Origins.Single().Connections)
{
    Console.WriteLine($"{connection.RemoteEndPoint}: {connection.Requests} requests");
}

return 0;
