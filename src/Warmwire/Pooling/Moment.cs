namespace Warmwire.Pooling;

/// <summary>What is looked at before the lock: the times at which a connection tells something, and how long it may be idle from now on.</summary>
internal readonly record struct Moment(long Now, DateTimeOffset Wall, TimeSpan IdleLimit);
