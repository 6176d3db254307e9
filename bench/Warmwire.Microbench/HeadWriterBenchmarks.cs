using BenchmarkDotNet.Attributes;
using Warmwire.Buffers;
using Warmwire.Fields;
using Warmwire.Http1.Wire;

namespace Warmwire.Microbench;

/// <summary>Formatting the head of a request.</summary>
[MemoryDiagnoser]
public class HeadWriterBenchmarks
{
    private readonly OutputBuffer _output = new();
    private readonly HttpRequestMessage _bare = new(HttpMethod.Get, "http://example.com/path?query=1");
    private readonly HttpRequestMessage _usual = new(HttpMethod.Get, "http://example.com/path?query=1");
    private readonly byte[] _host = HostField.ValueFor(new Uri("http://example.com/"));

    [GlobalSetup]
    public void Setup()
    {
        _usual.Headers.UserAgent.ParseAdd("bench/1.0");
        _usual.Headers.Accept.ParseAdd("application/json");
        _usual.Headers.Add("Authorization", "Bearer 0123456789abcdef0123456789abcdef");
        _usual.Headers.Add("X-Request-Id", "7c1a9a2e-6b7e-4d0e-9c55-2f6f5b9a1d11");
    }

    [Benchmark]
    public int NoHeaders() => Write(_bare);

    [Benchmark]
    public int FourHeaders() => Write(_usual);

    private int Write(HttpRequestMessage request)
    {
        _output.Clear();
        RequestHeadWriter.Write(_output, request, new RequestHeadOptions { Body = RequestBodyPlan.For(request), HostValue = _host });
        return _output.Count;
    }
}
