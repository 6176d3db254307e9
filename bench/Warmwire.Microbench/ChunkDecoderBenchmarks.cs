using BenchmarkDotNet.Attributes;
using Warmwire.Http1.Wire;

namespace Warmwire.Microbench;

/// <summary>Decoding a chunked body that has arrived whole.</summary>
[MemoryDiagnoser]
public class ChunkDecoderBenchmarks
{
    private byte[] _body = [];

    [Params(1, 64)]
    public int Chunks { get; set; }

    [Params(14, 1024)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup() => _body = Wire.Chunks(Chunks, Size);

    [Benchmark]
    public long Decode()
    {
        var decoder = new ChunkDecoder();
        ReadOnlySpan<byte> input = _body;
        long data = 0;
        while (decoder.Decode(input, int.MaxValue, out int consumed, out _, out int length) == ChunkStatus.Data)
        {
            data += length;
            input = input[consumed..];
        }

        return data;
    }
}
