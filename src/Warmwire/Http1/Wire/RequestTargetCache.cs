using Warmwire.Buffers;

namespace Warmwire.Http1.Wire;

/// <summary>
/// The first two lines of the request that was written last, request line and Host, for the next request with the same <see cref="Uri"/>
/// object: a URI does not change. One entry, one user at a time. It is filled when a URI comes for the second time, so that URIs that come
/// once cost nothing.
/// </summary>
internal sealed class RequestTargetCache
{
    /// <summary>Longer lines are not kept.</summary>
    public const int MaxBytes = 512;

    private Uri? _uri;
    private string? _method;
    private byte[]? _hostValue;
    private bool _http10;
    private bool _absoluteForm;
    private string? _canonicalMethod;
    private byte[]? _lines;
    private int _length;

    /// <summary>Writes the lines if they are those of the last request.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="uri">The same object, not an equal one.</param>
    /// <param name="method">As the caller spelled it.</param>
    /// <param name="hostValue"><see cref="RequestHeadOptions.HostValue"/>.</param>
    /// <param name="http10">Whether the request is HTTP/1.0.</param>
    /// <param name="absoluteForm"><see cref="RequestHeadOptions.AbsoluteForm"/>.</param>
    /// <param name="canonicalMethod">The method as it is sent.</param>
    public bool TryWrite(
        OutputBuffer output,
        Uri uri,
        string method,
        byte[]? hostValue,
        bool http10,
        bool absoluteForm,
        out string canonicalMethod)
    {
        canonicalMethod = _canonicalMethod!;
        if (_length == 0 || !IsLast(uri, method, hostValue, http10, absoluteForm))
        {
            return false;
        }

        output.Write(_lines.AsSpan(0, _length));
        return true;
    }

    /// <summary>The lines were written from the request.</summary>
    public void Remember(
        ReadOnlySpan<byte> lines,
        Uri uri,
        string method,
        byte[]? hostValue,
        bool http10,
        bool absoluteForm,
        string canonicalMethod)
    {
        if (!IsLast(uri, method, hostValue, http10, absoluteForm))
        {
            _uri = uri;
            _method = method;
            _hostValue = hostValue;
            _http10 = http10;
            _absoluteForm = absoluteForm;
            _canonicalMethod = canonicalMethod;
            _length = 0;
        }
        else if (lines.Length <= MaxBytes)
        {
            if (_lines is null || _lines.Length < lines.Length)
            {
                _lines = new byte[lines.Length];
            }

            lines.CopyTo(_lines);
            _length = lines.Length;
        }
    }

    private bool IsLast(Uri uri, string method, byte[]? hostValue, bool http10, bool absoluteForm) =>
        ReferenceEquals(_uri, uri) && ReferenceEquals(_method, method) && ReferenceEquals(_hostValue, hostValue)
        && _http10 == http10 && _absoluteForm == absoluteForm;
}
