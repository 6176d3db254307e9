using Warmwire.Connections;
using Xunit;

namespace Warmwire.Tests.Connections;

public class StreamSlotTests
{
    [Fact]
    public void A_slot_moves_from_its_attempt_to_its_stream_and_ends_there()
    {
        var ofAttempt = StreamSlot.Take();
        Assert.Equal(StreamSlotState.Taken, ofAttempt.State);
        ofAttempt.Lease();
        StreamSlot ofStream = ofAttempt.Open();
        Assert.Equal((StreamSlotState.None, StreamSlotState.Open), (ofAttempt.State, ofStream.State));
        ofStream.End();
        Assert.Equal(StreamSlotState.Ended, ofStream.State);
    }

    [Fact]
    public void A_slot_that_is_not_used_ends_where_it_is()
    {
        var slot = StreamSlot.TakeLeased();
        slot.End();
        Assert.Equal(StreamSlotState.Ended, slot.State);
    }

#if DEBUG
    [Fact]
    public void No_slot_ends_twice_or_without_having_been_taken()
    {
        StreamSlot none = default;
        Assert.ThrowsAny<Exception>(() => none.End());
        var slot = StreamSlot.TakeLeased();
        slot.End();
        Assert.ThrowsAny<Exception>(() => slot.End());
        Assert.ThrowsAny<Exception>(() => slot.Open());
    }
#endif
}
