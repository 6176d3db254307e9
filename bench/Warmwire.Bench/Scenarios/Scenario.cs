using Warmwire.Bench.Measuring;
using Warmwire.Bench.Processes;
using Warmwire.Bench.Servers;

namespace Warmwire.Bench.Scenarios;

/// <summary>What is measured: the server's place, the shape of the load, the rounds, the columns.</summary>
internal abstract class Scenario
{
    /// <summary>What <c>--only</c> looks at.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>A sentence for the reader of the table, if the title does not say it all.</summary>
    public virtual string? About => null;

    /// <summary>Whether <c>--quick</c> runs it.</summary>
    public virtual bool IsQuick => false;

    /// <summary>
    /// Whether <c>--quick</c> measures it through <see cref="HttpClient"/> too; otherwise through <see cref="HttpMessageInvoker"/> only.
    /// </summary>
    public virtual bool BothInterfacesIfQuick => false;

    /// <summary>Whether it is measured through <see cref="HttpClient"/> at all.</summary>
    public virtual bool BothInterfaces => true;

    public virtual ServerNeed Server => ServerNeed.Cheap;

    public virtual Placement Placement => Placement.OneCoreEach;

    public virtual bool Https => false;

    /// <summary>The HTTP/2 connections that the tasks share; 0 is HTTP/1.1.</summary>
    public virtual int Http2Connections => 0;

    /// <summary>The most streams that the server takes on one HTTP/2 connection.</summary>
    public virtual int ServerStreams => 256;

    public virtual string Path => "/plaintext";

    /// <summary>The name of the shape in the client.</summary>
    public virtual string Shape => "requests";

    /// <summary>Tasks of a closed loop, each of which keeps a connection busy, or a stream of HTTP/2.</summary>
    public virtual int Connections => 64;

    /// <summary>Bytes of the request's body; 0 is a GET.</summary>
    public virtual int Body => 0;

    /// <summary>Words for the client on top of those of the properties above.</summary>
    public virtual IReadOnlyList<string> Words => [];

    /// <summary>Whether the clients in other languages can run it.</summary>
    public virtual bool HasPeers => Shape == "requests";

    /// <summary>Whether each round has a process of its own, without a warm-up.</summary>
    public virtual bool FreshProcesses => false;

    public virtual IReadOnlyList<Column> Columns => Measuring.Columns.Loop;

    public virtual int Rounds(bool quick) => quick ? 9 : 7;

    public virtual double Seconds(bool quick) => quick ? 0.4 : 3;

    /// <summary>
    /// Seconds for the compiler to reach its last tier: with one core, which it shares with the load, several hundred thousand requests.
    /// </summary>
    public virtual double WarmUpSeconds(bool quick) => quick ? 6 : 12;
}
