namespace Warmwire.Cli.Compare;

/// <summary>What the user asked for.</summary>
/// <param name="Url">The server to call; null starts the embedded one.</param>
/// <param name="Tls">Whether the embedded server speaks https.</param>
/// <param name="RoundTrip">What the relay charges; zero calls the server directly.</param>
/// <param name="Concurrency">Requests at a time.</param>
/// <param name="Requests">Requests per row; null takes the default, fewer where the round trip is long.</param>
/// <param name="Json">Whether the result is printed as JSON.</param>
internal sealed record CompareSettings(Uri? Url, bool Tls, TimeSpan RoundTrip, int Concurrency, int? Requests, bool Json)
{
    public const int DefaultConcurrency = 32;
    public const int MaxConcurrency = 1000;
    public const int DefaultRequests = 2000;
    public const int MaxRequests = 1_000_000;

    public string Scheme => Url?.Scheme ?? (Tls ? Uri.UriSchemeHttps : Uri.UriSchemeHttp);
}
