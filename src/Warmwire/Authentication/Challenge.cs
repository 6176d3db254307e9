namespace Warmwire.Authentication;

/// <summary>One challenge of a <c>WWW-Authenticate</c> or <c>Proxy-Authenticate</c> field (RFC 9110 §11.3).</summary>
internal sealed class Challenge
{
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    public Challenge(string scheme) => Scheme = scheme;

    /// <summary>The name of the scheme as the server writes it.</summary>
    public string Scheme { get; }

    /// <summary>The token68 behind the scheme, if there is one in place of parameters.</summary>
    public string? Token { get; set; }

    /// <summary>In the order they came, without the quotes and the escapes of their values.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    /// <summary>Whether the challenge is of this scheme; names do not distinguish cases (RFC 9110 §11.1).</summary>
    public bool Is(AuthenticationScheme scheme) =>
        Scheme.Equals(SchemeTable.NameOf(scheme), StringComparison.OrdinalIgnoreCase);

    /// <summary>The value of a parameter, or <see langword="null"/>.</summary>
    public string? this[string name]
    {
        get
        {
            foreach ((string candidate, string value) in _parameters)
            {
                if (candidate.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return value;
                }
            }

            return null;
        }
    }

    /// <summary>
    /// Adds a parameter. One more than <see cref="AuthenticationLimits.Parameters"/>, and a second of the same name, which must not be
    /// (RFC 9110 §11.2), are left out.
    /// </summary>
    public void Add(string name, string value)
    {
        if (_parameters.Count < AuthenticationLimits.Parameters && this[name] is null)
        {
            _parameters.Add(new KeyValuePair<string, string>(name, value));
        }
    }
}
