using System.Net;
using System.Text;
using System.Text.Json;

namespace Warmwire.Samples.PriceClient;

/// <summary>
/// A typed client. It knows the service: its paths, its bodies, its failures. It does not own a transport: the client it is given belongs
/// to the caller, who makes one and shares it, so that a new <see cref="PricesClient"/> costs nothing and opens no connection.
/// </summary>
internal sealed class PricesClient
{
    private const int MaxSymbolLength = 64;
    private const int MaxQuotedBody = 200;

    private readonly HttpClient _client;
    private readonly PricesClientSettings _settings;
    private readonly string _prices;

    public PricesClient(HttpClient client, PricesClientSettings settings)
    {
        if (!settings.Endpoint.IsAbsoluteUri
            || (settings.Endpoint.Scheme != Uri.UriSchemeHttp && settings.Endpoint.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"The endpoint must be an absolute http or https URL, not '{settings.Endpoint}'", nameof(settings));
        }

        _client = client;
        _settings = settings;
        _prices = $"{settings.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/prices/";
    }

    /// <summary>Asks for the price of <paramref name="symbol"/>.</summary>
    /// <exception cref="PriceException">There is none, for whatever reason.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<Price> GetPriceAsync(string symbol, CancellationToken cancellationToken = default)
    {
        // "." and ".." pass through escaping and mean another path.
        if (symbol.Length is 0 or > MaxSymbolLength || symbol is "." or "..")
        {
            throw new ArgumentException($"A symbol has 1 to {MaxSymbolLength} characters and is neither '.' nor '..'", nameof(symbol));
        }

        var uri = new Uri(_prices + Uri.EscapeDataString(symbol));
        using var deadline = new CancellationTokenSource(_settings.Deadline, _settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        HttpStatusCode? status = null;
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(uri, HttpCompletionOption.ResponseHeadersRead, either.Token);
            status = response.StatusCode;
            // Also the body of a refusal is read to its end: it says why, and its connection is free for the next call.
            await response.Content.LoadIntoBufferAsync(_settings.MaxBodySize, either.Token);
            return Decode(symbol, uri, response.StatusCode, await response.Content.ReadAsByteArrayAsync(CancellationToken.None));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // Ours, or the timeout of the client we were given.
            string limit = deadline.IsCancellationRequested
                ? $"within {_settings.Deadline.TotalSeconds:0.###} s"
                : "within the client's timeout";
            throw new PriceException(symbol, uri, $"no complete answer {limit}", e) { StatusCode = status, IsTimeout = true };
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded && status is not null)
        {
            throw new PriceException(
                symbol, uri, $"status {(int)status} with a body of more than {_settings.MaxBodySize:N0} bytes", e) { StatusCode = status };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool isTimeout = e is TransportException { IsTimeout: true };
            throw new PriceException(symbol, uri, e.Message, e) { StatusCode = status, IsTimeout = isTimeout };
        }
    }

    private static Price Decode(string symbol, Uri uri, HttpStatusCode status, byte[] body)
    {
        if (status != HttpStatusCode.OK)
        {
            throw Failure($"status {(int)status}");
        }

        try
        {
            return JsonSerializer.Deserialize(body, PriceJson.Default.Price) ?? throw Failure("an answer that is null");
        }
        catch (JsonException e)
        {
            throw Failure($"an answer that is not a price ({e.Message})", e);
        }

        PriceException Failure(string reason, Exception? inner = null)
        {
            string start = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, MaxQuotedBody)));
            return new PriceException(
                symbol,
                uri,
                start.Length == 0 ? reason : $"{reason}: {start.ReplaceLineEndings(" ")}",
                inner) { StatusCode = status, BodyStart = start };
        }
    }
}
