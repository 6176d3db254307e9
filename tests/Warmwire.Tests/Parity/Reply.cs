namespace Warmwire.Tests.Parity;

/// <summary>What a server sends for a request, one byte per character, and what it does to the connection after it.</summary>
internal sealed record Reply(string Bytes, bool Close = false)
{
    /// <summary>Closes without a word.</summary>
    public static Reply Nothing { get; } = new("", Close: true);

    public static implicit operator Reply(string bytes) => new(bytes);

    /// <summary>200 with a length.</summary>
    public static Reply Ok(string body = "ok", params string[] headers) => With("200 OK", body, headers);

    public static Reply With(string status, string body = "", params string[] headers) =>
        $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n{body}";
}
