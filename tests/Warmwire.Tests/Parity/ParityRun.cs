using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using Warmwire.Tests.Kit;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>
/// One scenario played with one handler. What the client got and what the server saw is written down, so that two runs can be compared.
/// </summary>
internal sealed class ParityRun : IAsyncDisposable
{
    private readonly StringBuilder _log = new();

    private ParityRun(HttpMessageHandler handler, CookieContainer cookies, ParityServer server)
    {
        Handler = handler;
        Cookies = cookies;
        Server = server;
        Client = new HttpClient(handler);
    }

    public HttpMessageHandler Handler { get; }

    public HttpClient Client { get; }

    public CookieContainer Cookies { get; }

    public ParityServer Server { get; }

    public Uri Uri => Server.Uri;

    /// <summary>Whether what the server saw is part of the record; not where it depends on when the connection broke.</summary>
    public bool RecordsRequests { get; set; } = true;

    /// <summary>Plays the scenario with both handlers and expects the same of both.</summary>
    /// <param name="answer">The server.</param>
    /// <param name="scenario">The client.</param>
    /// <param name="settings">An anonymous object with the handler's settings.</param>
    /// <param name="isTls">Whether the server speaks https.</param>
    public static async Task AssertSameAsync(
        Func<string, Reply> answer, Func<ParityRun, Task> scenario, object? settings = null, bool isTls = false)
    {
        (string reference, string ours) = await PlayBothAsync(answer, scenario, settings, isTls).ConfigureAwait(false);
        string[] expected = reference.Split('\n');
        string[] actual = ours.Split('\n');
        int same = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        if (reference != ours)
        {
            Assert.Fail($"After {same} equal lines, SocketsHttpHandler:\n{Show(expected)}\nPooledHttpHandler:\n{Show(actual)}");
        }

        string Show(string[] lines) => string.Join('\n', lines.Skip(same).Take(8).Select(line => Visible.Text(line)));
    }

    /// <summary>For what is meant to differ: the two records.</summary>
    public static async Task<(string Reference, string Ours)> PlayBothAsync(
        Func<string, Reply> answer, Func<ParityRun, Task> scenario, object? settings = null, bool isTls = false) =>
        (await PlayAsync(new SocketsHttpHandler(), answer, scenario, settings, isTls).ConfigureAwait(false),
            await PlayAsync(new PooledHttpHandler(), answer, scenario, settings, isTls).ConfigureAwait(false));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync().ConfigureAwait(false);
    }

    public HttpRequestMessage Request(string method, string path = "", HttpContent? content = null) =>
        new(new HttpMethod(method), new Uri(Uri, path)) { Content = content };

    /// <summary>Sends, reads everything, and writes down how it went.</summary>
    public async Task SendAsync(
        HttpRequestMessage request,
        HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead,
        CancellationToken cancellationToken = default)
    {
        try
        {
            using HttpResponseMessage response = await Client.SendAsync(request, completion, cancellationToken).ConfigureAwait(false);
            await LogAsync(response).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Log(e, cancellationToken);
        }
    }

    public Task SendAsync(string method, string path = "", HttpContent? content = null) => SendAsync(Request(method, path, content));

    public async Task LogAsync(HttpResponseMessage response)
    {
        Log($"{(int)response.StatusCode} '{response.ReasonPhrase}' {response.Version}");
        Log("request", $"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri}");
        Log("header", response.Headers);
        Log("content header", response.Content.Headers);
        Log("length", response.Content.Headers.ContentLength?.ToString(CultureInfo.InvariantCulture) ?? "none");
        try
        {
            Log("body", Encoding.Latin1.GetString(await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false)));
        }
        catch (Exception e)
        {
            Log(e);
        }

        Log("trailer", response.TrailingHeaders);
    }

    public void Log(Exception e, CancellationToken cancellationToken = default)
    {
        string type = e is HttpRequestException ? "HttpRequestException" : e.GetType().Name;
        string detail = e switch
        {
            HttpRequestException request => $" {request.HttpRequestError} {request.StatusCode}",
            HttpIOException io => $" {io.HttpRequestError}",
            OperationCanceledException cancelled =>
                $" by caller: {cancellationToken.CanBeCanceled && cancelled.CancellationToken == cancellationToken}, "
                + (cancelled.InnerException is TimeoutException ? "timeout" : ""),
            ArgumentException argument => $" {argument.ParamName}",
            _ => "",
        };
        Log("failed", type + detail);
    }

    public void Log(string what, object? value) => Log($"{what}: {value}");

    public void Log(string line) => _log.Append(line.Replace($":{Server.Port}", ":PORT", StringComparison.Ordinal)).Append('\n');

    /// <summary>Awaits what is expected to fail, and writes down how.</summary>
    public async Task LogFailureAsync(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            Log("no failure");
        }
        catch (Exception e)
        {
            Log(e);
        }
    }

    private void Log(string what, HttpHeaders headers)
    {
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            Log(what, $"{name}: {string.Join(" | ", values)}");
        }
    }

    private static async Task<string> PlayAsync(
        HttpMessageHandler handler, Func<string, Reply> answer, Func<ParityRun, Task> scenario, object? settings, bool isTls)
    {
        var cookies = new CookieContainer();
        Set(handler, nameof(SocketsHttpHandler.UseProxy), false);
        // a listener elsewhere in the process would write into the requests
        Set(handler, nameof(SocketsHttpHandler.ActivityHeadersPropagator), null);
        Set(handler, nameof(SocketsHttpHandler.CookieContainer), cookies);
        Set(handler, nameof(SocketsHttpHandler.SslOptions), TestCertificates.Trusting());
        foreach (PropertyInfo setting in settings?.GetType().GetProperties() ?? [])
        {
            Set(handler, setting.Name, setting.GetValue(settings));
        }

        var run = new ParityRun(handler, cookies, new ParityServer(answer, isTls));
        await using (run.ConfigureAwait(false))
        {
            await Guard.Within(
                scenario(run), () => $"The scenario with {handler.GetType().Name} did not end: {run._log}").ConfigureAwait(false);
            foreach (string request in run.RecordsRequests ? run.Server.Requests : [])
            {
                run.Log("server saw", request.Length > 10_000 ? $"{request[..200]} … {request.Length} bytes" : request);
            }

            return run._log.ToString();
        }
    }

    private static void Set(HttpMessageHandler handler, string setting, object? value) =>
        handler.GetType().GetProperty(setting)!.SetValue(handler, value);
}
