using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Warmwire.Cli.Outcomes;
using Warmwire.Cli.Quick.Settings;

namespace Warmwire.Cli.Options;

/// <summary>The options that say what each request is: method, headers and body.</summary>
internal sealed partial class RequestOptions
{
    private readonly Option<string?> _payload = new("--payload", "-p")
    {
        Description = "The body of each request: text, or @FILE.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _contentType = new("--content-type", "-t")
    {
        Description = "The media type of the body. [default: application/json if it is JSON, else text/plain]",
        HelpName = "TYPE",
    };

    private readonly Option<string?> _method = new("--method", "-X")
    {
        Description = "The method. [default: GET, or POST with --payload]",
        HelpName = "NAME",
    };

    private readonly Option<string[]> _headers = new("--header", "-H")
    {
        Description = "A header, 'Name: value'; may be given several times.",
        HelpName = "HEADER",
        AllowMultipleArgumentsPerToken = false,
    };

    /// <param name="command">The command.</param>
    /// <param name="scenario">The option of a file that has its own requests.</param>
    public void AddTo(Command command, Option scenario)
    {
        command.Validators.Add(result =>
        {
            Option? given = ((Option[])[_payload, _contentType, _method]).FirstOrDefault(option => result.GetResult(option) is not null);
            if (given is not null && result.GetResult(scenario) is not null)
            {
                result.AddError($"--scenario has its own requests, so it cannot be used with {given.Name}");
            }
        });
        command.Add(_payload);
        command.Add(_contentType);
        command.Add(_method);
        command.Add(_headers);
    }

    public async Task<QuickSettings> ApplyAsync(ParseResult parsed, QuickSettings settings, CancellationToken cancellationToken)
    {
        byte[]? body = parsed.GetValue(_payload) is { } text ? await ReadPayloadAsync(text, cancellationToken) : null;
        return settings with
        {
            Method = ParseMethod(parsed.GetValue(_method), body),
            Payload = body,
            ContentType = body is null ? null : ParseContentType(parsed.GetValue(_contentType), body),
            Headers = ParseHeaders(parsed.GetValue(_headers) ?? [], hasBody: body is not null),
        };
    }

    private static async Task<byte[]> ReadPayloadAsync(string text, CancellationToken cancellationToken)
    {
        if (!text.StartsWith('@'))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        try
        {
            return await File.ReadAllBytesAsync(text[1..], cancellationToken);
        }
        catch (Exception error) when (FileReason.IsOne(error))
        {
            throw new CommandFailure($"--payload: {FileReason.Of(text[1..], error)}", error, ExitCodes.Usage);
        }
    }

    private static HttpMethod ParseMethod(string? name, byte[]? body)
    {
        if (name is null)
        {
            return body is null ? HttpMethod.Get : HttpMethod.Post;
        }

        try
        {
            return HttpMethod.Parse(name.ToUpperInvariant());
        }
        catch (FormatException error)
        {
            throw new CommandFailure($"--method '{name}' is not an HTTP method", error, ExitCodes.Usage);
        }
    }

    private static string ParseContentType(string? type, byte[] body)
    {
        type ??= IsJson(body) ? "application/json" : "text/plain; charset=utf-8";
        return MediaTypeHeaderValue.TryParse(type, out _)
            ? type
            : throw new CommandFailure($"--content-type '{type}' is not a media type", ExitCodes.Usage);
    }

    private static bool IsJson(byte[] body)
    {
        try
        {
            // A placeholder is a number or a part of a string.
            using var document = JsonDocument.Parse(Placeholder().Replace(Encoding.UTF8.GetString(body), "0"));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static List<KeyValuePair<string, string>> ParseHeaders(string[] headers, bool hasBody)
    {
        using var probe = new HttpRequestMessage();
        using var content = new ByteArrayContent([]);
        List<KeyValuePair<string, string>> fields = [];
        foreach (string header in headers)
        {
            int colon = header.IndexOf(':', StringComparison.Ordinal);
            string name = colon > 0 ? header[..colon] : "";
            string value = header[(colon + 1)..].Trim();
            bool isContents = false;
            if (value.AsSpan().ContainsAny('\r', '\n', '\0')
                || (!probe.Headers.TryAddWithoutValidation(name, value)
                    && !(isContents = content.Headers.TryAddWithoutValidation(name, value))))
            {
                throw new CommandFailure($"--header '{header}' is not of the form 'Name: value'", ExitCodes.Usage);
            }

            if (isContents && !hasBody)
            {
                throw new CommandFailure($"--header {name} describes a body; use it with --payload", ExitCodes.Usage);
            }

            fields.Add(KeyValuePair.Create(name, value));
        }

        return fields;
    }

    [GeneratedRegex(@"\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placeholder();
}
