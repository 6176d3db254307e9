using Warmwire.Connections;

namespace Warmwire.Bodies;

/// <summary>A response content whose body may still be on its way.</summary>
internal interface ITimedBody
{
    /// <summary>
    /// Lets the body end with the exchange's total time, and end that time with the body. <see langword="false"/>: the body is complete
    /// already.
    /// </summary>
    bool TryAttach(TotalDeadline deadline);
}
