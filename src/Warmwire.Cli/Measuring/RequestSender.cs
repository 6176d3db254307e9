using System.Net;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Measuring;

/// <summary>Sends a request the way of one row, from what the program does for it to the end of the response body.</summary>
internal interface IRequestSender : IDisposable
{
    /// <summary>Connections opened so far, if this sender knows.</summary>
    long? ConnectionsOpened { get; }

    Task<HttpStatusCode> SendAsync(Uri uri);
}

/// <summary>The senders of the rows.</summary>
internal static class RequestSender
{
    public static IRequestSender Create(string row, HandlerFactory handlers) => row switch
    {
        RowNames.NewHandlerPerRequest => new NewHandlerPerRequest(handlers),
        RowNames.SocketsHttpHandler => new SharedSocketsHttpHandler(handlers),
        RowNames.Warmwire => new SharedPooledHttpHandler(handlers),
        _ => throw new CommandFailure($"there is no row '{row}'"),
    };

    private static async Task<HttpStatusCode> GetAsync(HttpClient client, Uri uri)
    {
        using HttpResponseMessage response = await client.GetAsync(uri);
        return response.StatusCode;
    }

    /// <summary>Creates and disposes a client and a handler for each request.</summary>
    private sealed class NewHandlerPerRequest(HandlerFactory handlers) : IRequestSender
    {
        public long? ConnectionsOpened => null;

        public async Task<HttpStatusCode> SendAsync(Uri uri)
        {
            using HttpClient client = handlers.CreateClient(handlers.CreateSocketsHttpHandler());
            return await GetAsync(client, uri);
        }

        public void Dispose()
        {
        }
    }

    private sealed class SharedSocketsHttpHandler(HandlerFactory handlers) : IRequestSender
    {
        private readonly HttpClient _client = handlers.CreateClient(handlers.CreateSocketsHttpHandler());

        public long? ConnectionsOpened => null;

        public Task<HttpStatusCode> SendAsync(Uri uri) => GetAsync(_client, uri);

        public void Dispose() => _client.Dispose();
    }

    private sealed class SharedPooledHttpHandler : IRequestSender
    {
        private readonly PooledHttpHandler _handler;
        private readonly HttpClient _client;

        public SharedPooledHttpHandler(HandlerFactory handlers)
        {
            _handler = handlers.CreatePooledHttpHandler();
            _client = handlers.CreateClient(_handler);
        }

        public long? ConnectionsOpened => _handler.GetSnapshot().ConnectionsOpened;

        public Task<HttpStatusCode> SendAsync(Uri uri) => GetAsync(_client, uri);

        public void Dispose() => _client.Dispose();
    }
}
