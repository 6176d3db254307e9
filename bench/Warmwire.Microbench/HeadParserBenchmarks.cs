using BenchmarkDotNet.Attributes;
using Warmwire.Http1.Flow;
using Warmwire.Http1.Wire;
using Warmwire.Settings;

namespace Warmwire.Microbench;

/// <summary>Finding the end of a response's head, and reading it: without strings, and into a response as callers get it.</summary>
[MemoryDiagnoser]
public class HeadParserBenchmarks
{
    private static readonly HandlerSettings s_settings = new();

    private readonly HttpRequestMessage _request = new(HttpMethod.Get, "http://example.com/");
    private byte[] _head = [];

    [Params(5, 30)]
    public int Headers { get; set; }

    [GlobalSetup]
    public void Setup() => _head = Headers == 5 ? Wire.SmallHead : Wire.HeadOfThirty;

    [Benchmark]
    public int FindEnd()
    {
        var scanner = new HeadScanner(isTrailer: false);
        scanner.TryFindEnd(_head, out int length);
        return length;
    }

    [Benchmark]
    public int ReadStatusLine() => StatusLine.Parse(_head).StatusCode;

    [Benchmark]
    public int ReadLines()
    {
        var lines = new HeaderLineReader(_head.AsSpan(StatusLine.Parse(_head).Length));
        int bytes = 0;
        while (lines.MoveNext())
        {
            bytes += lines.Name.Length + lines.Value.Length;
        }

        return bytes;
    }

    [Benchmark]
    public HttpResponseMessage ReadIntoResponse()
    {
        StatusLine status = StatusLine.Parse(_head);
        HttpResponseMessage response = Http1ResponseHead.Create(_head, status, _request, new ByteArrayContent([]));
        Http1ResponseHead.Read(_head, status, _request, response, s_settings);
        return response;
    }
}
