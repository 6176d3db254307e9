using Warmwire.Connections;
using Warmwire.Pooling;
using Xunit;

namespace Warmwire.Tests.Pooling;

public sealed class OriginTableTests : IDisposable
{
    private readonly StubRig _rig = new();
    private readonly OriginTable _table = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Each_of_many_origins_is_found_until_it_is_removed()
    {
        OriginPool[] added = [.. Enumerable.Range(0, 1000).Select(i => Add(i))];
        Assert.Equal(1000, _table.Count);
        Assert.Equal(added.ToHashSet(), _table.ToList().ToHashSet());
        for (int i = 0; i < added.Length; i += 3)
        {
            Assert.True(_table.TryRemove(added[i]));
            Assert.False(_table.TryRemove(added[i]));
        }

        for (int i = 0; i < added.Length; i++)
        {
            Assert.Same(i % 3 == 0 ? null : added[i], _table.Find(Identity(i)));
        }

        Assert.Equal(666, _table.Count);
    }

    [Fact]
    public void An_origin_is_made_once()
    {
        OriginPool first = Add(1);
        Assert.Same(first, _table.GetOrAdd(Identity(1), static _ => throw new InvalidOperationException("made twice")));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void An_origin_of_the_same_route_that_was_added_since_is_not_removed_in_place_of_the_old_one()
    {
        OriginPool old = Add(1);
        Assert.True(_table.TryRemove(old));
        OriginPool next = Add(1);
        Assert.False(_table.TryRemove(old));
        Assert.Same(next, _table.Find(Identity(1)));
    }

    [Fact]
    public async Task Those_that_stay_are_found_at_any_moment_while_others_come_and_go()
    {
        const int Staying = 64;
        OriginPool[] staying = [.. Enumerable.Range(0, Staying).Select(i => Add(i))];
        bool ended = false;
        Task changing = Task.Run(() =>
        {
            for (int round = 0; round < 200; round++)
            {
                // Enough of them that the table grows and its chains are long.
                OriginPool[] passing = [.. Enumerable.Range(Staying, 20 + round).Select(i => Add(i))];
                Assert.All(passing, passed => Assert.True(_table.TryRemove(passed)));
            }

            Volatile.Write(ref ended, true);
        });
        int looks = 0;
        while (!Volatile.Read(ref ended) && !changing.IsFaulted)
        {
            int i = looks++ % Staying;
            Assert.Same(staying[i], _table.Find(Identity(i)));
        }

        await changing;
        Assert.Equal(Staying, _table.Count);
    }

    private static RouteIdentity Identity(int number) => new(isTls: false, $"host{number}.test", 80);

    private OriginPool Add(int number) => _table.GetOrAdd(Identity(number), route => new OriginPool(_rig.Pool, route));
}
