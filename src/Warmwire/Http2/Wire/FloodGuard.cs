namespace Warmwire.Http2.Wire;

/// <summary>
/// Frames that cost us work and bring the exchange nothing: each kind has an allowance that refills with time and with what we send. The
/// reading flow's own, except for <see cref="Earn"/> and <see cref="MostUsed"/>.
/// </summary>
internal sealed class FloodGuard
{
    /// <summary>Below this part of an allowance nobody looks at the clock.</summary>
    private const int Unsettled = 32;

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
    private readonly Allowance[] _allowances = new Allowance[s_allowances.Length];

    public FloodGuard(TimeProvider time)
    {
        _time = time;
        long now = time.GetTimestamp();
        foreach (ref Allowance allowance in _allowances.AsSpan())
        {
            allowance.SettledAt = now;
        }
    }

    /// <exception cref="Http2ConnectionException">There were too many.</exception>
    public void Count(FloodKind kind)
    {
        ref Allowance allowance = ref _allowances[(int)kind];
        int burst = s_allowances[(int)kind].Burst;
        if (allowance.Used < burst / Unsettled)
        {
            allowance.Used++;
            return;
        }

        Settle(ref allowance, kind);
        allowance.Used++;
        if (allowance.Used > allowance.MostUsed)
        {
            Volatile.Write(ref allowance.MostUsed, allowance.Used);
        }

        // A whole frame too many: what time has given back is a fraction of one.
        if (allowance.Used > burst + 0.999)
        {
            throw new Http2ConnectionException(Http2ErrorCode.EnhanceYourCalm, $"the server sends too many {s_allowances[(int)kind].Name}");
        }
    }

    /// <summary>What we did explains so many more. Any thread.</summary>
    public void Earn(FloodKind kind, int count)
    {
        // Never more than a burst's worth: what is not needed is forgotten.
        ref int earned = ref _allowances[(int)kind].Earned;
        if (Volatile.Read(ref earned) < s_allowances[(int)kind].Burst)
        {
            Interlocked.Add(ref earned, count);
        }
    }

    /// <summary>The largest part of an allowance that was in use so far; 1 is all of it. Any thread.</summary>
    public double MostUsed(FloodKind kind) => Volatile.Read(ref _allowances[(int)kind].MostUsed) / s_allowances[(int)kind].Burst;

    /// <summary>The same of each kind of which any was in use, by its name.</summary>
    public Dictionary<string, double> GetMostUsed()
    {
        var used = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int i = 0; i < s_allowances.Length; i++)
        {
            if (MostUsed((FloodKind)i) is > 0 and var part)
            {
                used.Add(s_allowances[i].Name, part);
            }
        }

        return used;
    }

    private void Settle(ref Allowance allowance, FloodKind kind)
    {
        (int burst, int perSecond, _) = s_allowances[(int)kind];
        long now = _time.GetTimestamp();
        allowance.Used = Math.Max(0, allowance.Used - (_time.GetElapsedTime(allowance.SettledAt, now).TotalSeconds * perSecond));
        allowance.SettledAt = now;

        int earned = Volatile.Read(ref allowance.Earned);
        int taken = (int)Math.Min(Math.Min(earned, burst), Math.Ceiling(allowance.Used));
        if (taken > 0)
        {
            // What was earned beyond a burst is forgotten with it.
            Interlocked.Add(ref allowance.Earned, -(taken + Math.Max(0, earned - burst)));
            allowance.Used = Math.Max(0, allowance.Used - taken);
        }
    }

    private struct Allowance
    {
        /// <summary>How much of the burst is in use, as of the last look at the clock.</summary>
        public double Used;
        public double MostUsed;
        public int Earned;
        public long SettledAt;
    }
}
