using Warmwire.Sockets;
using Xunit;

namespace Warmwire.Tests.Sockets;

public sealed class SlotTableTests
{
    [Fact]
    public void A_late_event_never_reaches_the_next_owner_of_the_slot()
    {
        var table = new SlotTable<Owner>();
        var first = new Owner();
        table.Add(first);
        ulong late = first.SlotKey;
        Assert.Same(first, table.Find(late));
        table.Remove(first);
        Assert.Null(table.Find(late));

        var second = new Owner();
        table.Add(second);
        Assert.Equal((uint)late, (uint)second.SlotKey);
        Assert.NotEqual(late, second.SlotKey);
        Assert.Null(table.Find(late));
        Assert.Same(second, table.Find(second.SlotKey));

        // Once more by the first owner, whose slot is somebody else's now.
        table.Remove(first);
        Assert.Same(second, table.Find(second.SlotKey));
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void Slots_are_used_again_and_the_table_grows_with_need_only()
    {
        var table = new SlotTable<Owner>();
        var all = new List<Owner>();
        for (int i = 0; i < 1000; i++)
        {
            all.Add(new Owner());
            table.Add(all[^1]);
        }

        Assert.All(all, owner => Assert.Same(owner, table.Find(owner.SlotKey)));
        Assert.Equal(1000, all.Select(static owner => owner.SlotKey).Distinct().Count());
        foreach (Owner owner in all)
        {
            table.Remove(owner);
        }

        Assert.Equal(0, table.Count);
        for (int i = 0; i < 1000; i++)
        {
            var owner = new Owner();
            table.Add(owner);
            Assert.InRange((uint)owner.SlotKey, 0u, 999u);
        }
    }

    [Fact]
    public void Unknown_keys_find_nothing()
    {
        var table = new SlotTable<Owner>();
        Assert.Null(table.Find(0));
        Assert.Null(table.Find(ulong.MaxValue));
        Assert.Null(table.Find(1_000_000));
    }

    [Fact]
    public void Finding_while_owners_come_and_go_finds_the_right_one_or_none()
    {
        var table = new SlotTable<Owner>();
        var lasting = new Owner();
        table.Add(lasting);
        ulong[] keys = new ulong[64];
        bool stop = false;
        var looker = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                foreach (ref ulong key in keys.AsSpan())
                {
                    ulong wanted = Volatile.Read(ref key);
                    if (table.Find(wanted) is { } found && found.SlotKey != wanted)
                    {
                        throw new InvalidOperationException("the wrong one");
                    }
                }

                if (table.Find(lasting.SlotKey) != lasting)
                {
                    throw new InvalidOperationException("not found");
                }
            }
        });
        looker.Start();
        var random = new Random(1);
        var live = new List<Owner>();
        for (int i = 0; i < 20_000; i++)
        {
            if (live.Count < 60 && random.Next(2) == 0)
            {
                live.Add(new Owner());
                table.Add(live[^1]);
                Volatile.Write(ref keys[random.Next(keys.Length)], live[^1].SlotKey);
            }
            else if (live.Count > 0)
            {
                int index = random.Next(live.Count);
                table.Remove(live[index]);
                live.RemoveAt(index);
            }
        }

        Volatile.Write(ref stop, true);
        looker.Join();
        Assert.Equal(live.Count + 1, table.Count);
    }

    private sealed class Owner : ISlotOwner
    {
        public ulong SlotKey { get; set; }
    }
}
