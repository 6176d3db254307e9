using System.Net.Security;

namespace Warmwire.Authentication;

/// <summary>The negotiations of the operating system: SSPI on Windows, GSSAPI elsewhere.</summary>
internal sealed class SystemNegotiation : INegotiation
{
    private readonly NegotiateAuthentication _system;

    private SystemNegotiation(in NegotiationOptions options)
    {
        _system = new NegotiateAuthentication(new NegotiateAuthenticationClientOptions
        {
            Package = SchemeTable.NameOf(options.Scheme),
            Credential = options.Credential,
            TargetName = options.TargetName,
            Binding = options.Binding,

            // As in .NET: integrity protects the negotiation from being weakened on its way; proxies have been found that cannot do it, and
            // GSSAPI of macOS cannot do without.
            RequiredProtectionLevel = options.IsProxy && !OperatingSystem.IsMacOS() ? ProtectionLevel.None : ProtectionLevel.Sign,
        });
    }

    public static INegotiationFactory Factory { get; } = new Maker();

    public string? Next(string? token)
    {
        string? next = _system.GetOutgoingBlob(token, out NegotiateAuthenticationStatusCode status);
        return status is NegotiateAuthenticationStatusCode.Completed or NegotiateAuthenticationStatusCode.ContinueNeeded ? next : null;
    }

    public void Dispose() => _system.Dispose();

    private sealed class Maker : INegotiationFactory
    {
        public INegotiation Begin(in NegotiationOptions options) => new SystemNegotiation(options);
    }
}
