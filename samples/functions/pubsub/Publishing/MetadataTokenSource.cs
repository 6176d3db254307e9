using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Warmwire.Samples.PubSub;

/// <summary>
/// Tokens of the machine's own account, from the metadata server. A token is kept until shortly before it expires. Then one refresh runs
/// for all callers, and while it runs, and also if it fails, the old token is handed out for as long as it is valid.
/// </summary>
internal sealed class MetadataTokenSource : IAccessTokenSource
{
    public const string DefaultHost = "metadata.google.internal";

    /// <summary>
    /// The metadata server keeps tokens too and gives out a new one only about four minutes before the old one ends; asking earlier brings
    /// the old one again.
    /// </summary>
    public static readonly TimeSpan RefreshBefore = TimeSpan.FromSeconds(225);

    /// <summary>While there is a valid token, refreshes are at least this far apart.</summary>
    public static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(10);

    /// <summary>The time a refresh may take.</summary>
    public static readonly TimeSpan RefreshTimeout = TimeSpan.FromSeconds(5);

    // A token that ends while the request is on its way is of no use.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    private const int MaxAnswerSize = 64 * 1024;

    private readonly HttpClient _client;
    private readonly Uri _uri;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly Lock _gate = new();

    // Guarded by _gate
    private Token? _token;
    private TaskCompletionSource<Token>? _refresh;
    private DateTimeOffset _noRefreshBefore = DateTimeOffset.MinValue;

    /// <param name="client">Carries the requests; it belongs to the caller.</param>
    /// <param name="host">The metadata server's host, and its port if that is not 80.</param>
    /// <param name="time">The wall clock counts here: it goes on while a machine is frozen, and so does a token's life.</param>
    /// <param name="log">Takes a line for each refresh that failed.</param>
    public MetadataTokenSource(HttpClient client, string? host = null, TimeProvider? time = null, Action<string>? log = null)
    {
        _client = client;
        _uri = new Uri($"http://{host ?? DefaultHost}/computeMetadata/v1/instance/service-accounts/default/token");
        _time = time ?? TimeProvider.System;
        _log = log ?? (static _ => { });
    }

    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource<Token>? mine = null;
        Task<Token>? refresh;
        Token? valid;
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            valid = _token is not null && now < _token.Expires - s_margin ? _token : null;
            bool due = valid is null || (now >= valid.Expires - RefreshBefore && now >= _noRefreshBefore);
            if (due && _refresh is null)
            {
                _refresh = mine = new TaskCompletionSource<Token>(TaskCreationOptions.RunContinuationsAsynchronously);
                _noRefreshBefore = now + RefreshInterval;
            }

            refresh = _refresh?.Task;
        }

        if (mine is not null)
        {
            // Story: the first caller starts the refresh and then gives up. The others wait for the same one, so it has a deadline of its
            // own and no caller's token.
            _ = RefreshAsync(mine);
        }

        if (valid is not null)
        {
            return valid.Value;
        }

        Debug.Assert(refresh is not null);
        return (await refresh.WaitAsync(cancellationToken)).Value;
    }

    public void Drop(string token)
    {
        lock (_gate)
        {
            if (_token?.Value == token)
            {
                _token = null;
            }
        }
    }

    private async Task RefreshAsync(TaskCompletionSource<Token> waiting)
    {
        Token? token = null;
        AccessTokenException? failure = null;
        try
        {
            token = await FetchAsync();
        }
        catch (Exception e)
        {
            failure = e as AccessTokenException ?? new AccessTokenException($"No access token from {_uri}: {e.Message}", e);
        }

        lock (_gate)
        {
            _refresh = null;
            _token = token ?? _token;
        }

        if (token is not null)
        {
            waiting.SetResult(token);
            return;
        }

        waiting.SetException(failure!);
        _ = waiting.Task.Exception; // looked at, also where nobody waits because the old token is still valid
        _log(failure!.Message);
    }

    private async Task<Token> FetchAsync()
    {
        using var deadline = new CancellationTokenSource(RefreshTimeout, _time);
        using var request = new HttpRequestMessage(HttpMethod.Get, _uri);
        request.Headers.Add("Metadata-Flavor", "Google");
        DateTimeOffset asked = _time.GetUtcNow();
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerSize, deadline.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new AccessTokenException($"No access token from {_uri}: it answered {(int)response.StatusCode}");
            }

            TokenAnswer? answer = JsonSerializer.Deserialize(
                await response.Content.ReadAsByteArrayAsync(CancellationToken.None), PubSubJson.Default.TokenAnswer);
            if (answer is not { AccessToken.Length: > 0, ExpiresIn: > 0 and < int.MaxValue })
            {
                throw new AccessTokenException($"No access token from {_uri}: its answer lacks access_token or expires_in");
            }

            return new Token(answer.AccessToken, asked + TimeSpan.FromSeconds(answer.ExpiresIn));
        }
        catch (OperationCanceledException e)
        {
            throw new AccessTokenException($"No access token from {_uri}: no answer within {RefreshTimeout.TotalSeconds:0} s", e);
        }
    }

    private sealed record Token(string Value, DateTimeOffset Expires);
}
