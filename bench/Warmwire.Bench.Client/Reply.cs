using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Warmwire.Bench.Client;

/// <summary>
/// One round's numbers as a line of JSON. Written by hand: a serializer would cost the fresh processes more than what they measure.
/// </summary>
internal sealed class Reply
{
    private readonly StringBuilder _text = new("{");

    public Reply Add(string name, double value)
    {
        Separate();
        _text.Append(CultureInfo.InvariantCulture, $"\"{name}\":{value:0.###}");
        return this;
    }

    public Reply Add(string name, string? value)
    {
        if (value is not null)
        {
            Separate();
            _text.Append(CultureInfo.InvariantCulture, $"\"{name}\":\"{JsonEncodedText.Encode(value)}\"");
        }

        return this;
    }

    public override string ToString() => $"{_text}}}";

    private void Separate()
    {
        if (_text.Length > 1)
        {
            _text.Append(',');
        }
    }
}
