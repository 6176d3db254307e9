using System.Net;
using System.Security.Cryptography.X509Certificates;
using Warmwire.Diagnostics;
using Warmwire.Runtime;

namespace Warmwire.Settings;

/// <summary>
/// What holds for one request: the settings of the handler, where <see cref="TransportOptions"/> of the request do not replace them.
/// Immutable.
/// </summary>
internal sealed class RequestSettings
{
    private const string CaptureResponseStacksSwitch = "Warmwire.CaptureResponseStacks";
    private const string Prefix = nameof(TransportOptions) + ".";

    private static readonly string[] s_keys =
    [
        TransportOptions.Timeout.Key,
        TransportOptions.PendingRequestTimeout.Key,
        TransportOptions.ConnectTimeout.Key,
        TransportOptions.TlsHandshakeTimeout.Key,
        TransportOptions.Expect100ContinueTimeout.Key,
        TransportOptions.ResponseHeadersTimeout.Key,
        TransportOptions.ResponseBodyIdleTimeout.Key,
        TransportOptions.ResponseDrainTimeout.Key,
        TransportOptions.MaxResponseDrainSize.Key,
        TransportOptions.CancellationDrainTimeout.Key,
        TransportOptions.MaxCancellationDrainSize.Key,
        TransportOptions.ReplayPolicy.Key,
        TransportOptions.Proxy.Key,
        TransportOptions.UnixSocketPath.Key,
        TransportOptions.TlsServerName.Key,
        TransportOptions.ClientCertificate.Key,
        TransportOptions.Trace.Key,
        TransportOptions.CaptureResponseStack.Key,
        TransportOptions.ConnectionId.Key,
    ];

    private RequestSettings()
    {
    }

    public TimeSpan ConnectTimeout { get; private init; }

    public TimeSpan TlsHandshakeTimeout { get; private init; }

    /// <summary>Neither the handler nor the request sets a time for the handshake.</summary>
    public bool ConnectTimeoutBoundsTls { get; private init; }

    public TimeSpan PendingRequestTimeout { get; private init; }

    /// <summary>The only one that may be zero.</summary>
    public TimeSpan Expect100ContinueTimeout { get; private init; }

    public TimeSpan ResponseHeadersTimeout { get; private init; }

    public TimeSpan ResponseBodyIdleTimeout { get; private init; }

    /// <summary>The time for the whole exchange.</summary>
    public TimeSpan Total { get; private init; }

    public required DrainSettings Drain { get; init; }
    /// <summary>The setting that says it, for texts.</summary>
    public string TotalSetting { get; private init; } = ErrorTexts.RequestTimeout;

    public ReplayPolicy ReplayPolicy { get; private init; }

    /// <summary>The request says itself which proxy it goes through.</summary>
    public bool HasOwnProxy { get; private init; }

    /// <summary>That proxy; <see langword="null"/>: none.</summary>
    public IWebProxy? Proxy { get; private init; }

    /// <summary>
    /// The Unix domain socket it goes through; <see langword="null"/>: TCP. With one <see cref="HasOwnProxy"/> is set and <see
    /// cref="Proxy"/> is not, so that no proxy is looked for.
    /// </summary>
    public string? UnixSocketPath { get; private init; }

    /// <summary>The name the server must prove; <see langword="null"/>: the one that the request means.</summary>
    public string? TlsServerName { get; private set; }

    public X509Certificate2? ClientCertificate { get; private set; }

    public RequestTrace? Trace { get; private init; }

    public bool CaptureResponseStack { get; private init; }

    /// <summary>
    /// The request is told which connection it is sent on. It costs an object, so only where the application wants to know: with a <see
    /// cref="PooledHttpHandler.ShouldEvictConnection"/>, or where the request has the option.
    /// </summary>
    public bool TellsConnectionId { get; private init; }

    /// <summary>
    /// The caller waits in <see cref="HttpMessageInvoker.Send"/>: contents and streams of the program are used synchronously.
    /// </summary>
    public bool IsSynchronous { get; private set; }

    /// <summary>
    /// What holds for a request that sets no option: one instance per handler. Must not be asked for before the settings are frozen.
    /// </summary>
    public static RequestSettings Defaults(HandlerSettings settings) => settings.RequestDefaults ??= Of(settings);

    /// <summary>What holds for this request. Allocates only if the request sets one of our options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range; the parameter name is the option's.</exception>
    public static RequestSettings From(HttpRequestMessage request, HandlerSettings settings)
    {
        RequestSettings defaults = Defaults(settings);
        HttpRequestOptions? options = FrameworkFields.OptionsOf(request);
        return options is null || !SetsAny(options) ? defaults : With(options, defaults);
    }

    /// <summary>The same, behind a redirect to another origin: whom this one was to be, and who asked, is not for that one.</summary>
    public RequestSettings ForOtherOrigin(RequestSettings defaults)
    {
        if (TlsServerName == defaults.TlsServerName && ClientCertificate == defaults.ClientCertificate)
        {
            return this;
        }

        var settings = (RequestSettings)MemberwiseClone();
        settings.TlsServerName = defaults.TlsServerName;
        settings.ClientCertificate = defaults.ClientCertificate;
        return settings;
    }

    /// <summary>The same, for a caller who sends synchronously.</summary>
    public RequestSettings ForSynchronousSend()
    {
        var settings = (RequestSettings)MemberwiseClone();
        settings.IsSynchronous = true;
        return settings;
    }

    /// <summary>Whether the request surely sets nothing for itself: it has no options at all.</summary>
    public static bool HasNoneOfItsOwn(HttpRequestMessage request) => FrameworkFields.OptionsOf(request) is null;

    private static RequestSettings Of(HandlerSettings settings) => new()
    {
        ConnectTimeout = settings.ConnectTimeout,
        TlsHandshakeTimeout = settings.TlsHandshakeTimeout,
        ConnectTimeoutBoundsTls = settings.OwnTlsHandshakeTimeout is null,
        PendingRequestTimeout = settings.PendingRequestTimeout,
        Expect100ContinueTimeout = settings.Expect100ContinueTimeout,
        ResponseHeadersTimeout = settings.ResponseHeadersTimeout,
        ResponseBodyIdleTimeout = settings.ResponseBodyIdleTimeout,
        Drain = new DrainSettings(
            settings.ResponseDrainTimeout,
            settings.MaxResponseDrainSize,
            settings.CancellationDrainTimeout,
            settings.MaxCancellationDrainSize),
        Total = settings.RequestTimeout,
        ReplayPolicy = settings.ReplayPolicy,
        UnixSocketPath = settings.UnixSocketPath,
        HasOwnProxy = settings.UnixSocketPath is not null,
        TlsServerName = settings.SslOptions?.TargetHost is { Length: > 0 } name ? name : null,
        TellsConnectionId = settings.ShouldEvictConnection is not null,
        CaptureResponseStack = AppContext.TryGetSwitch(CaptureResponseStacksSwitch, out bool capture) && capture,
    };

    // Other libraries put their own objects into the options of every request, so most dictionaries hold nothing of ours.
    private static bool SetsAny(IDictionary<string, object?> options)
    {
        if (options.Count != 0)
        {
            foreach (string key in s_keys)
            {
                if (options.ContainsKey(key))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static RequestSettings With(HttpRequestOptions options, RequestSettings defaults)
    {
        string? socket = UnixSocketPathOf(options, defaults.UnixSocketPath);
        bool hasOwnProxy = SetsProxy(options, out IWebProxy? proxy);
        if (socket is not null && proxy is not null)
        {
            throw new InvalidOperationException(UnixSocketErrorTexts.ProxyToo);
        }

        return new RequestSettings
        {
            ConnectTimeout = Positive(TransportOptions.ConnectTimeout, nameof(TransportOptions.ConnectTimeout), defaults.ConnectTimeout),
            TlsHandshakeTimeout = Positive(
                TransportOptions.TlsHandshakeTimeout, nameof(TransportOptions.TlsHandshakeTimeout), defaults.TlsHandshakeTimeout),
            ConnectTimeoutBoundsTls = defaults.ConnectTimeoutBoundsTls && !options.TryGetValue(TransportOptions.TlsHandshakeTimeout, out _),
            PendingRequestTimeout = Positive(
                TransportOptions.PendingRequestTimeout, nameof(TransportOptions.PendingRequestTimeout), defaults.PendingRequestTimeout),
            Expect100ContinueTimeout = options.TryGetValue(TransportOptions.Expect100ContinueTimeout, out TimeSpan expect)
                ? Must.BeZeroOrMoreOrInfinite(expect, Prefix + nameof(TransportOptions.Expect100ContinueTimeout))
                : defaults.Expect100ContinueTimeout,
            ResponseHeadersTimeout = Positive(
                TransportOptions.ResponseHeadersTimeout, nameof(TransportOptions.ResponseHeadersTimeout), defaults.ResponseHeadersTimeout),
            ResponseBodyIdleTimeout = Positive(
                TransportOptions.ResponseBodyIdleTimeout,
                nameof(TransportOptions.ResponseBodyIdleTimeout),
                defaults.ResponseBodyIdleTimeout),
            Total = Positive(TransportOptions.Timeout, nameof(TransportOptions.Timeout), defaults.Total),
            Drain = DrainOf(options, defaults.Drain),
            TotalSetting = options.TryGetValue(TransportOptions.Timeout, out _)
                ? ErrorTexts.RequestTimeoutOfOptions
                : defaults.TotalSetting,
            ReplayPolicy = options.TryGetValue(TransportOptions.ReplayPolicy, out ReplayPolicy replays)
                ? Must.BeDefined(replays, Prefix + nameof(TransportOptions.ReplayPolicy))
                : defaults.ReplayPolicy,
            HasOwnProxy = hasOwnProxy || socket is not null,
            Proxy = proxy,
            UnixSocketPath = socket,
            TlsServerName = options.TryGetValue(TransportOptions.TlsServerName, out string? name) && name is not null
                ? Must.BeServerName(name, Prefix + nameof(TransportOptions.TlsServerName))
                : defaults.TlsServerName,
            ClientCertificate = options.TryGetValue(TransportOptions.ClientCertificate, out X509Certificate2? own) ? own : null,
            Trace = options.TryGetValue(TransportOptions.Trace, out RequestTrace? trace) ? trace : null,
            TellsConnectionId = defaults.TellsConnectionId
                || ((IDictionary<string, object?>)options).ContainsKey(TransportOptions.ConnectionId.Key),
            CaptureResponseStack = options.TryGetValue(TransportOptions.CaptureResponseStack, out bool capture)
                ? capture
                : defaults.CaptureResponseStack,
        };

        TimeSpan Positive(HttpRequestOptionsKey<TimeSpan> key, string name, TimeSpan otherwise) =>
            options.TryGetValue(key, out TimeSpan value) ? Must.BePositiveOrInfinite(value, Prefix + name) : otherwise;
    }

    private static DrainSettings DrainOf(HttpRequestOptions options, DrainSettings otherwise)
    {
        TimeSpan response = options.TryGetValue(TransportOptions.ResponseDrainTimeout, out TimeSpan ofResponse)
            ? Must.BeZeroOrMoreOrInfinite(ofResponse, Prefix + nameof(TransportOptions.ResponseDrainTimeout))
            : otherwise.ResponseTimeout;
        TimeSpan cancellation = options.TryGetValue(TransportOptions.CancellationDrainTimeout, out TimeSpan ofCancellation)
            ? Must.BeZeroOrMoreAndFinite(ofCancellation, Prefix + nameof(TransportOptions.CancellationDrainTimeout))
            : otherwise.CancellationTimeout;
        var own = new DrainSettings(
            response,
            Size(TransportOptions.MaxResponseDrainSize, nameof(TransportOptions.MaxResponseDrainSize), otherwise.MaxResponseSize),
            cancellation,
            Size(
                TransportOptions.MaxCancellationDrainSize,
                nameof(TransportOptions.MaxCancellationDrainSize),
                otherwise.MaxCancellationSize));
        return own == otherwise ? otherwise : own;

        int Size(HttpRequestOptionsKey<int> key, string name, int otherwise) =>
            options.TryGetValue(key, out int value) ? Must.BeZeroOrMore(value, Prefix + name) : otherwise;
    }

    /// <summary>This option may be set to nothing, too: then the request goes over TCP.</summary>
    private static string? UnixSocketPathOf(IDictionary<string, object?> options, string? otherwise) =>
        options.TryGetValue(TransportOptions.UnixSocketPath.Key, out object? value) && value is (null or string)
            ? Must.BeSocketPath((string?)value, Prefix + nameof(TransportOptions.UnixSocketPath))
            : otherwise;

    /// <summary>Unlike the other options, this one may be set to nothing: <see cref="HttpRequestOptions"/> itself would not tell.</summary>
    private static bool SetsProxy(IDictionary<string, object?> options, out IWebProxy? proxy)
    {
        bool isSet = options.TryGetValue(TransportOptions.Proxy.Key, out object? value) && value is (null or IWebProxy);
        proxy = isSet ? (IWebProxy?)value : null;
        return isSet;
    }
}
