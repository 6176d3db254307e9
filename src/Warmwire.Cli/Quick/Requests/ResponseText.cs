using System.Net.Http.Headers;
using System.Text;

namespace Warmwire.Cli.Quick.Requests;

/// <summary>A response as checks and captures see it.</summary>
/// <param name="status">The status code.</param>
/// <param name="message">For its headers.</param>
/// <param name="body">Its body as far as it was kept.</param>
internal sealed class ResponseText(int status, HttpResponseMessage message, ReadOnlyMemory<byte> body)
{
    /// <summary>Of longer bodies only the beginning is checked.</summary>
    public const int MaxBody = 1024 * 1024;

    private string? _body;

    public int Status => status;

    public string Body => _body ??= Encoding.UTF8.GetString(body.Span);

    /// <returns>All values of the header, joined as in one line; <see langword="null"/> without it.</returns>
    public string? Header(string name) =>
        message.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values)
            || message.Content.Headers.NonValidated.TryGetValues(name, out values)
                ? string.Join(", ", values)
                : null;
}
