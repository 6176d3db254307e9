using Warmwire.Bench.Client;
using Warmwire.Bench.Client.Shapes;

// One contestant in a process of its own. The arguments say what to do: a shape of load and words such as "connections=64". Each line
// "run seconds=3" on standard input is answered by one line of JSON; the end of standard input ends the process.
if (args.Length == 0)
{
    await Console.Error.WriteLineAsync("usage: Warmwire.Bench.Client SHAPE NAME=VALUE ...; started by bench/bench");
    return 2;
}

using IShape shape = Shape.Create(args[0], new Words(args.AsSpan(1)));
Console.WriteLine("ready");
while (Console.ReadLine() is { } line)
{
    string[] order = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    if (order is not ["run", ..])
    {
        await Console.Error.WriteLineAsync($"there is no order '{line}'");
        return 2;
    }

    Reply reply = await shape.RunAsync(new Words(order.AsSpan(1)));
    Console.WriteLine(reply.ToString());
}

return 0;
