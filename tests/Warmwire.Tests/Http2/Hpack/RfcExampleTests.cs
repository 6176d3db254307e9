using Warmwire.Http2.Hpack;
using Xunit;

namespace Warmwire.Tests.Http2.Hpack;

/// <summary>RFC 7541 appendix C: what each block decodes to, and the table after it. C.1 is in <see cref="HpackIntegerTests"/>.</summary>
public class RfcExampleTests
{
    private const string Date21 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
    private const string Date22 = "date: Mon, 21 Oct 2013 20:13:22 GMT";
    private const string Location = "location: https://www.example.com";
    private const string SetCookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

    [Fact]
    public void C2_representations_of_a_field()
    {
        Is(
            new(),
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            ["custom-key: custom-header"],
            ["custom-key: custom-header"],
            55);
        Is(new(), "040c 2f73 616d 706c 652f 7061 7468", [":path: /sample/path"], [], 0);
        Is(new(), "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password: secret"], [], 0);
        Is(new(), "82", [":method: GET"], [], 0);
    }

    [Fact]
    public void C3_requests_without_Huffman_coding() => Requests(
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65");

    [Fact]
    public void C4_requests_with_Huffman_coding() => Requests(
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf");

    [Fact]
    public void C5_responses_without_Huffman_coding() => Responses(
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073"
            + "3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48"
            + "514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31");

    [Fact]
    public void C6_responses_with_Huffman_coding() => Responses(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 "
            + "66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af"
            + "2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07");

    [Fact]
    public void What_our_encoder_makes_of_the_requests_decodes_to_the_same()
    {
        HpackEncoder encoder = new();
        HpackDecoder decoder = new();
        string[][] blocks =
        [
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
            [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
        ];
        foreach (string[] block in blocks)
        {
            Assert.Equal(block, Blocks.Lines(decoder, Blocks.Write(encoder, Split(block))));
        }

        // The first is the RFC's to the byte: its one new field is of those that are added at first sight.
        Assert.Equal(Blocks.Hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"), Blocks.Write(new HpackEncoder(), Split(blocks[0])));
    }

    [Fact]
    public void What_our_encoder_makes_of_the_responses_decodes_to_the_same()
    {
        HpackEncoder encoder = new(256);
        HpackDecoder decoder = new(256);
        string[][] blocks =
        [
            [":status: 302", "cache-control: private", Date21, Location],
            [":status: 307", "cache-control: private", Date21, Location],
            [":status: 200", "cache-control: private", Date22, Location, "content-encoding: gzip", SetCookie],
        ];
        foreach (string[] block in blocks.Concat(blocks).Concat(blocks))
        {
            Assert.Equal(block, Blocks.Lines(decoder, Blocks.Write(encoder, Split(block))));
            Assert.Equal(encoder.Table.Size, decoder.Table.Size);
        }
    }

    private static void Requests(string first, string second, string third)
    {
        HpackDecoder decoder = new();
        Is(
            decoder,
            first,
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
            [":authority: www.example.com"],
            57);
        Is(
            decoder,
            second,
            [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
            ["cache-control: no-cache", ":authority: www.example.com"],
            110);
        Is(
            decoder,
            third,
            [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
            ["custom-key: custom-value", "cache-control: no-cache", ":authority: www.example.com"],
            164);
    }

    private static void Responses(string first, string second, string third)
    {
        HpackDecoder decoder = new(256);
        Is(
            decoder,
            Blocks.SizeIs256 + first,
            [":status: 302", "cache-control: private", Date21, Location],
            [Location, Date21, "cache-control: private", ":status: 302"],
            222);
        Is(
            decoder,
            second,
            [":status: 307", "cache-control: private", Date21, Location],
            [":status: 307", Location, Date21, "cache-control: private"],
            222);
        Is(
            decoder,
            third,
            [":status: 200", "cache-control: private", Date22, Location, "content-encoding: gzip", SetCookie],
            [SetCookie, "content-encoding: gzip", Date22],
            215);
    }

    private static void Is(HpackDecoder decoder, string hex, string[] fields, string[] table, int size)
    {
        Assert.Equal(fields, Blocks.Lines(decoder, hex));
        Assert.Equal(table, Blocks.Entries(decoder.Table));
        Assert.Equal(size, decoder.Table.Size);
    }

    private static (string Name, string Value)[] Split(string[] lines) =>
        [.. lines.Select(static line =>
            (line[..line.IndexOf(": ", StringComparison.Ordinal)], line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]))];
}
