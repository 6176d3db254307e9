namespace Warmwire.Http2.Wire;

/// <summary>Frames that cost us work and bring the exchange nothing: each kind has an allowance that refills with time. The reading flow's own, except for <see cref="Earn"/>.</summary>
internal sealed class FloodGuard
{
    private static readonly (int Burst, int PerSecond, string Name)[] s_allowances =
    [
        (Http2Limits.PingBurst, Http2Limits.PingsPerSecond, "PING frames"),
        (Http2Limits.SettingsBurst, Http2Limits.SettingsPerSecond, "SETTINGS frames"),
        (Http2Limits.EmptyDataBurst, Http2Limits.EmptyDataPerSecond, "DATA frames without data"),
        (Http2Limits.GoneStreamBurst, Http2Limits.GoneStreamPerSecond, "frames for streams that are over"),
        (Http2Limits.ResetBurst, Http2Limits.ResetsPerSecond, "RST_STREAM frames"),
        (Http2Limits.WindowUpdateBurst, Http2Limits.WindowUpdatesPerSecond, "WINDOW_UPDATE frames"),
        (Http2Limits.IgnoredFrameBurst, Http2Limits.IgnoredFramesPerSecond, "frames that mean nothing here"),
    ];

    private readonly TimeProvider _time;
    private readonly int[] _left = new int[s_allowances.Length];
    private readonly int[] _earned = new int[s_allowances.Length];
    private readonly long[] _refilledAt = new long[s_allowances.Length];

    public FloodGuard(TimeProvider time)
    {
        _time = time;
        long now = time.GetTimestamp();
        for (int i = 0; i < _left.Length; i++)
        {
            _left[i] = s_allowances[i].Burst;
            _refilledAt[i] = now;
        }
    }

    /// <exception cref="Http2ConnectionException">There were too many.</exception>
    public void Count(FloodKind kind)
    {
        ref int left = ref _left[(int)kind];
        if (left == 0)
        {
            Refill(kind);
        }

        if (left == 0)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, $"the server sends too many {s_allowances[(int)kind].Name}");
        }

        left--;
    }

    /// <summary>What we did explains so many more. Any thread.</summary>
    public void Earn(FloodKind kind, int count)
    {
        // Never more than a burst's worth: what is not needed is forgotten.
        if (Volatile.Read(ref _earned[(int)kind]) < s_allowances[(int)kind].Burst)
        {
            Interlocked.Add(ref _earned[(int)kind], count);
        }
    }

    private void Refill(FloodKind kind)
    {
        int i = (int)kind;
        (int burst, int perSecond, _) = s_allowances[i];
        long now = _time.GetTimestamp();
        double grown = _time.GetElapsedTime(_refilledAt[i], now).TotalSeconds * perSecond;
        _refilledAt[i] = now;
        _left[i] = (int)Math.Min(burst, grown + Interlocked.Exchange(ref _earned[i], 0));
    }
}
