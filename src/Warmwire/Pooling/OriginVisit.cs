namespace Warmwire.Pooling;

/// <summary>What a sweep learns of an origin that it looks after.</summary>
/// <param name="Next">When to look again; <see langword="null"/>: never.</param>
/// <param name="RefreshesName">Whether its name is to be resolved again now.</param>
/// <param name="History">The counts of an origin that is forgotten with this visit.</param>
internal readonly record struct OriginVisit(TimeSpan? Next, bool RefreshesName = false, OriginCounters? History = null);
