using System.Net.Http.Headers;
using System.Text;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Results;

namespace Warmwire.Cli.Quick.Exports;

/// <summary>
/// Sends a result to a Pushgateway. That, and not remote write, because a run is a batch job: it has one set of final values, and ends
/// before anything could scrape it. What was pushed before under the same path is replaced.
/// </summary>
internal static class Pushgateway
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    /// <param name="url">Of the gateway, or with the path of a group such as <c>/metrics/job/nightly</c>.</param>
    /// <param name="result">What is sent.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="CommandFailure">It did not take it.</exception>
    public static async Task PushAsync(Uri url, QuickResult result, CancellationToken cancellationToken)
    {
        Uri group = url.AbsolutePath == "/" ? new Uri(url, "/metrics/job/warmwire_quick") : url;
        using var client = new HttpClient(new PooledHttpHandler()) { Timeout = s_timeout };
        using var content = new StringContent(PrometheusText.Of(result), Encoding.UTF8);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("text/plain; version=0.0.4; charset=utf-8");
        try
        {
            using HttpResponseMessage response = await client.PutAsync(group, content, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                string body = await response.Content.ReadAsStringAsync(cancellationToken);
                string reason = body.Split('\n')[0].Trim();
                throw new CommandFailure(
                    $"--prometheus-push: {group} answered {(int)response.StatusCode}{(reason.Length > 0 ? $": {Shorten(reason)}" : "")}",
                    ExitCodes.CouldNotRun);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            string reason = error is OperationCanceledException ? $"no answer within {s_timeout.TotalSeconds:0} s" : error.Message;
            throw new CommandFailure($"--prometheus-push: {group}: {reason.ReplaceLineEndings(" ")}", error, ExitCodes.CouldNotRun);
        }
    }

    private static string Shorten(string text) => text.Length <= 200 ? text : text[..199] + "…";
}
