using System.Net;
using Warmwire.Settings;

namespace Warmwire.Pooling;

/// <summary>
/// What the answers for a name have been, and which addresses have left it by them. An answer may be a part of what there is, another each
/// time, so an address has left only when several answers in a row lacked it, over a time, and more of them where addresses of this name
/// have been seen to come back.
/// </summary>
internal sealed class NameHistory(TimeProvider time)
{
    private readonly Dictionary<IPAddress, Course> _courses = [];
    private long _answers;
    private long _longestAbsence;
    private long _lastReturn;
    private long _lastShortStay = long.MinValue / 2;

    /// <summary>So many answers in a row have to lack an address.</summary>
    public long AnswersToLeave
    {
        get
        {
            long needed = NameLimits.AnswersToLeave;
            if (_answers - _lastReturn <= 2 * NameLimits.AnswersToLeaveMost)
            {
                needed = Math.Max(needed, 3 * _longestAbsence);
            }

            if (_answers - _lastShortStay <= NameLimits.AnswersToLeaveRestless)
            {
                needed = Math.Max(needed, NameLimits.AnswersToLeaveRestless);
            }

            return Math.Min(needed, NameLimits.AnswersToLeaveMost);
        }
    }

    /// <summary>Addresses come and go, so that one that is missing, or new, means little.</summary>
    public bool IsRestless => AnswersToLeave > NameLimits.AnswersToLeave;

    /// <summary>Something has changed, and the next answers decide what it means.</summary>
    public bool IsUnsettled => !IsRestless
        && _courses.Values.Any(course => IsMissing(course) ? Absence(course) < NameLimits.AnswersToLeave : course.IsNew);

    public void Add(IReadOnlyCollection<IPAddress> answer, long now)
    {
        _answers++;
        foreach (IPAddress address in answer)
        {
            if (!_courses.TryGetValue(address, out Course? course))
            {
                _courses[address] = course = new Course { StayBegan = _answers, IsNew = _answers > 1 };
            }
            else if (Absence(course) > 1)
            {
                Returned(course);
            }

            course.LastIn = _answers;
            course.LastAt = now;
        }

        foreach ((IPAddress address, Course course) in _courses)
        {
            // Whether a stay was short is not known of those that were there at the beginning.
            if (Absence(course) == 1 && course.StayBegan > 1 && _answers - course.StayBegan < NameLimits.AnswersToLeave)
            {
                _lastShortStay = _answers;
            }

            if (Absence(course) > 2 * NameLimits.AnswersToLeaveMost)
            {
                _courses.Remove(address);
            }
        }
    }

    /// <summary>A connection leads to this address, which no answer may have had: it is taken for one of the last.</summary>
    public void Know(IPAddress address, long now)
    {
        if (!_courses.ContainsKey(address))
        {
            _courses[address] = new Course { StayBegan = 0, LastIn = _answers, LastAt = now };
        }
    }

    /// <param name="address">The address.</param>
    /// <param name="now">The time.</param>
    /// <param name="notBefore">How long it has to be away at least.</param>
    public bool HasLeft(IPAddress address, long now, TimeSpan notBefore) =>
        _courses.TryGetValue(address, out Course? course)
        && Absence(course) >= AnswersToLeave
        && time.GetElapsedTime(course.LastAt, now) >= notBefore;

    /// <summary>The addresses that have joined the name and stay; each is told once.</summary>
    public List<IPAddress> TakeJoined()
    {
        List<IPAddress> joined = [];
        foreach ((IPAddress address, Course course) in _courses)
        {
            if (course.IsNew && !IsMissing(course) && _answers > course.StayBegan)
            {
                course.IsNew = false;
                if (!IsRestless)
                {
                    joined.Add(address);
                }
            }
        }

        return joined;
    }

    private void Returned(Course course)
    {
        // One that was away longer than any rotation takes has left and is new again.
        long absence = Absence(course) - 1;
        if (absence < NameLimits.AnswersToLeaveMost)
        {
            _longestAbsence = _answers - _lastReturn > 2 * NameLimits.AnswersToLeaveMost ? absence : Math.Max(_longestAbsence, absence);
            _lastReturn = _answers;
        }
        else
        {
            course.IsNew = true;
        }

        course.StayBegan = _answers;
    }

    private bool IsMissing(Course course) => course.LastIn < _answers;

    private long Absence(Course course) => _answers - course.LastIn;

    private sealed class Course
    {
        /// <summary>The answer that it has been in without a break since.</summary>
        public long StayBegan { get; set; }

        /// <summary>The last answer that had it, and when that came.</summary>
        public long LastIn { get; set; }

        public long LastAt { get; set; }

        /// <summary>It has joined, and nobody has been told yet.</summary>
        public bool IsNew { get; set; }
    }
}
