using Google.Protobuf;

namespace Warmwire.Cli.Tests.Quick.Exports;

/// <summary>The parts of a request to an OpenTelemetry collector that tests look at, decoded with Google's reader of protobuf.</summary>
internal sealed class OtlpRequest
{
    private OtlpRequest()
    {
    }

    /// <summary>Attributes of the resource that are texts.</summary>
    public Dictionary<string, string> Resource { get; } = new(StringComparer.Ordinal);

    /// <summary>The value of each sum and each gauge.</summary>
    public Dictionary<string, long> Numbers { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, Distribution> Histograms { get; } = new(StringComparer.Ordinal);

    public static OtlpRequest Read(byte[] body)
    {
        var request = new OtlpRequest();
        foreach (Field resourceMetrics in Fields(body, 1))
        {
            foreach (Field attribute in Fields(resourceMetrics.Bytes, 1).SelectMany(static resource => Fields(resource.Bytes, 1)))
            {
                string key = Fields(attribute.Bytes, 1).Single().Text;
                foreach (Field text in Fields(attribute.Bytes, 2).SelectMany(static value => Fields(value.Bytes, 1)))
                {
                    request.Resource[key] = text.Text;
                }
            }

            foreach (Field metric in Fields(resourceMetrics.Bytes, 2).SelectMany(static scope => Fields(scope.Bytes, 2)))
            {
                request.Take(Fields(metric.Bytes, 1).Single().Text, metric.Bytes);
            }
        }

        return request;
    }

    private void Take(string name, byte[] metric)
    {
        foreach (Field point in Fields(metric, 5).Concat(Fields(metric, 7)).SelectMany(static data => Fields(data.Bytes, 1)))
        {
            Numbers[name] = (long)Fields(point.Bytes, 6).Single().Fixed;
        }

        foreach (Field point in Fields(metric, 9).SelectMany(static data => Fields(data.Bytes, 1)))
        {
            Histograms[name] = new Distribution(
                (long)Fields(point.Bytes, 4).Single().Fixed,
                BitConverter.UInt64BitsToDouble(Fields(point.Bytes, 5).Single().Fixed),
                [.. Packed(point.Bytes, 6).Select(static count => (long)count)],
                [.. Packed(point.Bytes, 7).Select(BitConverter.UInt64BitsToDouble)]);
        }
    }

    private static IEnumerable<ulong> Packed(byte[] message, int number) => Fields(message, number)
        .SelectMany(static field => field.Bytes.Chunk(8).Select(static eight => BitConverter.ToUInt64(eight)));

    private static IEnumerable<Field> Fields(byte[] message, int number)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            bool isWanted = WireFormat.GetTagFieldNumber(tag) == number;
            switch (WireFormat.GetTagWireType(tag))
            {
                case WireFormat.WireType.LengthDelimited when isWanted:
                    yield return new Field(input.ReadBytes().ToByteArray(), 0);
                    break;
                case WireFormat.WireType.Fixed64 when isWanted:
                    yield return new Field([], input.ReadFixed64());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    /// <summary>A histogram's data point.</summary>
    internal sealed record Distribution(long Count, double Sum, long[] Buckets, double[] Bounds);

    private readonly record struct Field(byte[] Bytes, ulong Fixed)
    {
        public string Text => System.Text.Encoding.UTF8.GetString(Bytes);
    }
}
