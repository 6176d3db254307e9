using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Processes;

/// <summary>
/// A child's side of <see cref="ChildProcess"/>. The end of standard input, which is also what the parent's death looks like, ends this
/// process at once. Ctrl-C reaches every process of the terminal; a child leaves it to the parent, which reports it.
/// </summary>
internal sealed class ParentLink : IDisposable
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly PosixSignalRegistration _interrupt = PosixSignalRegistration.Create(
        PosixSignal.SIGINT,
        static context => context.Cancel = true);
    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly Lock _gate = new();

    public ParentLink(TextReader input, TextWriter output)
    {
        _input = input;
        _output = output;
        new Thread(ReadToTheEnd) { IsBackground = true, Name = "parent" }.Start();
    }

    public async Task<T> ReceiveAsync<T>(JsonTypeInfo<T> type)
    {
        string line = await _lines.Reader.ReadAsync();
        return JsonSerializer.Deserialize(line, type) ?? throw new JsonException("null is not a message");
    }

    public void Send<T>(T message, JsonTypeInfo<T> type)
    {
        string line = JsonSerializer.Serialize(message, type);
        lock (_gate)
        {
            _output.WriteLine(line);
            _output.Flush();
        }
    }

    public void Dispose() => _interrupt.Dispose();

    private void ReadToTheEnd()
    {
        while (_input.ReadLine() is { } line)
        {
            _lines.Writer.TryWrite(line);
        }

        Environment.Exit(ExitCodes.CouldNotRun);
    }
}
