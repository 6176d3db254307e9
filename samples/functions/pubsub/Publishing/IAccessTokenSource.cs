namespace Warmwire.Samples.PubSub;

/// <summary>Where a publisher gets the token that says who it is.</summary>
internal interface IAccessTokenSource
{
    /// <exception cref="AccessTokenException">There is none to be had.</exception>
    ValueTask<string> GetAsync(CancellationToken cancellationToken);

    /// <summary>The service refused this token: it is not handed out again.</summary>
    void Drop(string token);
}

/// <summary>There is no token, and the message says why.</summary>
internal sealed class AccessTokenException(string message, Exception? inner = null) : Exception(message, inner);
