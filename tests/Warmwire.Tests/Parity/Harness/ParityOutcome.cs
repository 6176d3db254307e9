using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using Xunit;

namespace Warmwire.Tests.Parity;

/// <summary>What a scenario showed with one handler: facts by name, each with the direction that is better.</summary>
internal sealed class ParityOutcome
{
    private readonly Lock _gate = new();
    private readonly List<Fact> _facts = [];

    private enum Better
    {
        Equal,
        Less,
        More,
    }

    /// <summary>The value of a fact as text.</summary>
    public string this[string name]
    {
        get
        {
            lock (_gate)
            {
                return _facts.Find(fact => fact.Name == name)?.Value ?? "(not told)";
            }
        }
    }

    /// <summary>
    /// The failure as callers see it: types from the outside in, with the codes that programs look at. Our own type is told as its base.
    /// </summary>
    public static string Describe(Exception? e, CancellationToken token = default)
    {
        var names = new List<string>();
        for (; e is not null; e = e.InnerException)
        {
            names.Add(e switch
            {
                HttpRequestException request => $"HttpRequestException({request.HttpRequestError})",
                HttpIOException io => $"HttpIOException({io.HttpRequestError})",
                SocketException socket => $"SocketException({socket.SocketErrorCode})",
                OperationCanceledException cancelled when token.CanBeCanceled && cancelled.CancellationToken == token =>
                    "OperationCanceledException(its token)",
                OperationCanceledException => "OperationCanceledException",
                AuthenticationException => "AuthenticationException",
                _ => e.GetType().Name,
            });
        }

        return string.Join(" > ", names);
    }

    /// <summary>A fact that has to be the same, unless the test says what is right.</summary>
    public void Tell(string name, object? value) => Add(name, value, Better.Equal, slack: 0);

    /// <summary>A number of which less is better: ours may be the other's and <paramref name="slack"/> more.</summary>
    public void TellAtMost(string name, double value, double slack = 0) => Add(name, value, Better.Less, slack);

    /// <summary>A number of which more is better: ours may be the other's and <paramref name="slack"/> less.</summary>
    public void TellAtLeast(string name, double value, double slack = 0) => Add(name, value, Better.More, slack);

    /// <summary>Tells what comes of a task: "ok", or its failure.</summary>
    public async Task TellAsync(string name, Task task, CancellationToken token = default)
    {
        try
        {
            await task.ConfigureAwait(false);
            Tell(name, "ok");
        }
        catch (Exception e)
        {
            Tell(name, Describe(e, token));
        }
    }

    /// <summary>The same for what may fail before it returns a task.</summary>
    public Task TellAsync(string name, Func<Task> start, CancellationToken token = default) => TellAsync(name, StartAsync(start), token);

    /// <summary>Tells what comes of a request: status and body, or the failure.</summary>
    public async Task TellResponseAsync(string name, Task<HttpResponseMessage> sending, CancellationToken token = default)
    {
        try
        {
            using HttpResponseMessage response = await sending.ConfigureAwait(false);
            Tell(name, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(token).ConfigureAwait(false)}".TrimEnd());
        }
        catch (Exception e)
        {
            Tell(name, Describe(e, token));
        }
    }

    /// <summary>Fails unless this outcome has what is right, and is in all else at least as good as the other.</summary>
    public void AssertAtLeastAsGood(ParityOutcome reference, params (string Fact, object? Value)[] right)
    {
        var faults = new List<string>();
        foreach ((string name, object? value) in right)
        {
            if (this[name] != Text(value))
            {
                faults.Add($"{name}: right is {Text(value)}, ours is {this[name]}");
            }
        }

        foreach (Fact other in reference._facts.Where(fact => !right.Any(pair => pair.Fact == fact.Name)))
        {
            Fact? own = _facts.Find(fact => fact.Name == other.Name);
            bool isGood = own is not null && own.Better switch
            {
                Better.Less => Number(own) <= Number(other) + own.Slack,
                Better.More => Number(own) >= Number(other) - own.Slack,
                _ => own.Value == other.Value,
            };
            if (!isGood)
            {
                faults.Add($"{other.Name}: SocketsHttpHandler has {other.Value}, ours is {own?.Value ?? "(not told)"}");
            }
        }

        if (faults.Count > 0)
        {
            Assert.Fail($"{string.Join('\n', faults)}\nSocketsHttpHandler: {reference}\nPooledHttpHandler:  {this}");
        }

        static double Number(Fact fact) => double.Parse(fact.Value, CultureInfo.InvariantCulture);
    }

    public override string ToString()
    {
        lock (_gate)
        {
            return string.Join("; ", _facts.Select(fact => $"{fact.Name}: {fact.Value}"));
        }
    }

    private static async Task StartAsync(Func<Task> start) => await start().ConfigureAwait(false);

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null";

    private void Add(string name, object? value, Better better, double slack)
    {
        lock (_gate)
        {
            _facts.RemoveAll(fact => fact.Name == name);
            _facts.Add(new Fact(name, Text(value), better, slack));
        }
    }

    private sealed record Fact(string Name, string Value, Better Better, double Slack);
}
