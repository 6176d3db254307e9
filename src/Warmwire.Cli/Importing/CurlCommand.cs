using System.Text;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Importing;

/// <summary>A command line of curl as the command line of <c>quick</c> that sends the same request.</summary>
internal sealed class CurlCommand
{
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>Options with a value, by all of their names.</summary>
    private static readonly Dictionary<string, string> s_valued = new(StringComparer.Ordinal)
    {
        ["-X"] = "--request", ["-H"] = "--header", ["-d"] = "--data", ["--data-ascii"] = "--data", ["-u"] = "--user",
        ["-A"] = "--user-agent", ["-e"] = "--referer", ["-b"] = "--cookie", ["-x"] = "--proxy", ["-E"] = "--cert",
        ["-m"] = "--max-time", ["-o"] = "--output", ["-w"] = "--write-out",
        ["--request"] = "--request", ["--header"] = "--header", ["--data"] = "--data", ["--data-raw"] = "--data-raw",
        ["--data-binary"] = "--data-binary", ["--data-urlencode"] = "--data-urlencode", ["--json"] = "--json", ["--user"] = "--user",
        ["--user-agent"] = "--user-agent", ["--referer"] = "--referer", ["--cookie"] = "--cookie", ["--proxy"] = "--proxy",
        ["--cert"] = "--cert", ["--key"] = "--key", ["--max-time"] = "--max-time", ["--max-redirs"] = "--max-redirs",
        ["--resolve"] = "--resolve", ["--unix-socket"] = "--unix-socket", ["--url"] = "--url", ["--output"] = "--output",
        ["--write-out"] = "--write-out",
    };

    /// <summary>Options without one; empty for those that do not concern the request.</summary>
    private static readonly Dictionary<string, string> s_flags = new(StringComparer.Ordinal)
    {
        ["-G"] = "--get", ["--get"] = "--get", ["-I"] = "--head", ["--head"] = "--head", ["-k"] = "--insecure",
        ["--insecure"] = "--insecure", ["-L"] = "--location", ["--location"] = "--location", ["--compressed"] = "--compressed",
        ["--http2"] = "--http2", ["--http2-prior-knowledge"] = "--http2", ["--http1.1"] = "", ["-s"] = "", ["--silent"] = "", ["-S"] = "",
        ["--show-error"] = "", ["-v"] = "", ["--verbose"] = "", ["-i"] = "", ["--include"] = "", ["-f"] = "", ["--fail"] = "", ["-#"] = "",
        ["--progress-bar"] = "", ["-O"] = "", ["--remote-name"] = "", ["-N"] = "", ["--no-buffer"] = "", ["-g"] = "", ["--globoff"] = "",
    };

    private readonly List<string> _options = [];
    private readonly List<string> _data = [];
    private readonly List<(string Name, string Value)> _headers = [];
    private string? _url;
    private string? _method;
    private string? _type;
    private string? _file;
    private string? _redirects;
    private bool _isQuery;
    private bool _follows;

    private CurlCommand()
    {
    }

    /// <param name="commandLine">With or without the word <c>curl</c>.</param>
    /// <returns>Of one request; the rate is for the reader to choose.</returns>
    /// <exception cref="CommandFailure">It has what <c>quick</c> cannot send.</exception>
    public static string ToQuick(string commandLine)
    {
        IReadOnlyList<string> words = ShellWords.Split(commandLine);
        var command = new CurlCommand();
        command.Read(words is ["curl", ..] ? [.. words.Skip(1)] : words);
        return string.Join(' ', command.Write().Select(ShellWords.Quote));
    }

    private void Read(IReadOnlyList<string> words)
    {
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                if (s_flags.TryGetValue(word, out string? flag))
                {
                    Flag(flag);
                }
                else
                {
                    Value(Known(word), Next(words, ref i));
                }
            }
            else if (word.Length > 1 && word[0] == '-')
            {
                Short(words, ref i);
            }
            else
            {
                SetUrl(word);
            }
        }
    }

    /// <summary>Letters may be written together, and the value of the last at once behind it.</summary>
    private void Short(IReadOnlyList<string> words, ref int i)
    {
        string word = words[i];
        for (int letter = 1; letter < word.Length; letter++)
        {
            string name = "-" + word[letter];
            if (s_flags.TryGetValue(name, out string? flag))
            {
                Flag(flag);
                continue;
            }

            Value(Known(name), letter + 1 < word.Length ? word[(letter + 1)..] : Next(words, ref i));
            return;
        }
    }

    private static string Known(string name) => s_valued.GetValueOrDefault(name)
        ?? throw new CommandFailure($"curl's option {name} has no counterpart in quick", ExitCodes.Usage);

    private static string Next(IReadOnlyList<string> words, ref int i) => i + 1 < words.Count
        ? words[++i]
        : throw new CommandFailure($"curl's option {words[i]} has no value", ExitCodes.Usage);

    private void Flag(string name)
    {
        switch (name)
        {
            case "--get":
                _isQuery = true;
                break;
            case "--head":
                _method = "HEAD";
                break;
            case "--location":
                _follows = true;
                break;
            case "--compressed":
                _headers.Add(("Accept-Encoding", "deflate, gzip, br"));
                break;
            case "":
                break;
            default:
                _options.Add(name);
                break;
        }
    }

    private void Value(string name, string value)
    {
        switch (name)
        {
            case "--url":
                SetUrl(value);
                break;
            case "--request":
                _method = value;
                break;
            case "--header":
                Header(value);
                break;
            case "--user-agent":
                _headers.Add(("User-Agent", value));
                break;
            case "--referer":
                _headers.Add(("Referer", value));
                break;
            case "--cookie":
                _headers.Add(value.Contains('=', StringComparison.Ordinal)
                    ? ("Cookie", value)
                    : throw new CommandFailure("curl's option --cookie names a file, which is not read; give name=value", ExitCodes.Usage));
                break;
            case "--user":
                _headers.Add(value.Contains(':', StringComparison.Ordinal)
                    ? ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(value)))
                    : throw new CommandFailure("curl's option --user has no password, and nobody is asked for one here", ExitCodes.Usage));
                break;
            case "--max-redirs":
                _redirects = value;
                break;
            case "--max-time":
                _options.AddRange(["--timeout", value]);
                break;
            case "--key":
                _options.AddRange(["--cert-key", value]);
                break;
            case "--proxy" or "--cert" or "--resolve" or "--unix-socket":
                bool lacksScheme = name == "--proxy" && !value.Contains("://", StringComparison.Ordinal);
                _options.AddRange([name, lacksScheme ? "http://" + value : value]);
                break;
            case "--output" or "--write-out":
                break;
            default:
                Data(name, value);
                break;
        }
    }

    private void Data(string name, string value)
    {
        if (value.StartsWith('@') && name is "--data" or "--data-binary" or "--json")
        {
            _file = _file is null && _data.Count == 0
                ? value
                : throw new CommandFailure("several bodies of curl, one of them a file, have no counterpart in quick", ExitCodes.Usage);
        }
        else if (_file is not null)
        {
            throw new CommandFailure("several bodies of curl, one of them a file, have no counterpart in quick", ExitCodes.Usage);
        }
        else
        {
            _data.Add(name == "--data-urlencode" ? UrlEncoded(value) : value);
        }

        if (name == "--json")
        {
            _type ??= "application/json";
            _headers.Add(("Accept", "application/json"));
        }
    }

    private static string UrlEncoded(string value)
    {
        int equals = value.IndexOf('=', StringComparison.Ordinal);
        int at = value.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0 && (equals < 0 || at < equals))
        {
            throw new CommandFailure("curl's option --data-urlencode names a file, which has no counterpart in quick", ExitCodes.Usage);
        }

        string name = equals > 0 ? value[..(equals + 1)] : "";
        return name + Uri.EscapeDataString(equals < 0 ? value : value[(equals + 1)..]).Replace("%20", "+", StringComparison.Ordinal);
    }

    private void Header(string line)
    {
        int colon = line.IndexOfAny([':', ';']);
        string name = colon < 0 ? line : line[..colon];
        string value = colon < 0 ? "" : line[(colon + 1)..].Trim();
        if (colon < 0 || (line[colon] == ':' && value.Length == 0))
        {
            throw new CommandFailure($"curl's --header '{line}' takes a header away, which has no counterpart in quick", ExitCodes.Usage);
        }

        if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
        {
            _type = value;
        }
        else
        {
            _headers.Add((name, value));
        }
    }

    private void SetUrl(string word)
    {
        if (_url is not null)
        {
            throw new CommandFailure($"curl's command line has two URLs, {_url} and {word}; import one at a time", ExitCodes.Usage);
        }

        _url = word.Contains("://", StringComparison.Ordinal) ? word : "http://" + word;
    }

    private List<string> Write()
    {
        string url = _url ?? throw new CommandFailure("curl's command line has no URL", ExitCodes.Usage);
        string? body = _file ?? (_data.Count > 0 ? string.Join('&', _data) : null);
        if (_isQuery && body is not null)
        {
            if (_file is not null)
            {
                throw new CommandFailure("curl's option --get with a file has no counterpart in quick", ExitCodes.Usage);
            }

            (url, body) = (url + (url.Contains('?', StringComparison.Ordinal) ? '&' : '?') + body, null);
        }

        if (_file is null && body is ['@', ..])
        {
            throw new CommandFailure("a body that begins with '@' is a file to quick; write it to a file and import that", ExitCodes.Usage);
        }

        List<string> words = ["warmwire", "quick", "-c", "1"];
        string usual = body is null ? "GET" : "POST";
        if (_method is { } method && method != usual)
        {
            words.AddRange(["-X", method]);
        }

        foreach ((string name, string value) in _headers)
        {
            words.AddRange(["-H", $"{name}: {value}"]);
        }

        if (body is not null)
        {
            words.AddRange(["-p", body, "-t", _type ?? FormType]);
        }
        else if (_type is not null)
        {
            throw new CommandFailure("a Content-Type without a body has no counterpart in quick", ExitCodes.Usage);
        }

        words.AddRange(_options);
        if (_follows)
        {
            words.AddRange(["--follow-redirects", _redirects ?? "50"]);
        }

        words.Add(url);
        return words;
    }
}
