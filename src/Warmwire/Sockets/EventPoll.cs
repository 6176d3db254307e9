namespace Warmwire.Sockets;

/// <summary>
/// One epoll and the sockets registered with it. The loops of a group wait on it side by side, and each event goes to one of them: so no
/// socket waits for a certain thread, and one thread has the events of all while it keeps up.
/// </summary>
internal sealed unsafe class EventPoll
{
    /// <summary>The key of the event that tells of <see cref="SharedWork"/>; no stream has it.</summary>
    public const ulong WorkKey = ulong.MaxValue - 1;

    private const ulong WakeKey = ulong.MaxValue;
    private const uint Interest = LibC.EPOLLIN | LibC.EPOLLPRI | LibC.EPOLLOUT | LibC.EPOLLRDHUP | LibC.EPOLLET;

    private readonly SlotTable<LoopSocketStream> _slots = new();

    // Entered by each loop for as long as it is led, so that they stay open, and by others for a call.
    private DescriptorUse _epoll;
    private DescriptorUse _wake;
    private DescriptorUse _work;
    private volatile bool _stopping;

    /// <exception cref="System.Net.Sockets.SocketException">The system refuses one of the descriptors.</exception>
    public EventPoll()
    {
        int epoll = LibC.EpollCreate();
        int wake = epoll < 0 ? epoll : LibC.EventDescriptor();
        int work = wake < 0 ? wake : LibC.EventDescriptor();
        int added = work < 0 ? work : LibC.EpollAdd(epoll, wake, LibC.EPOLLIN, WakeKey);
        added = added < 0 ? added : LibC.EpollAdd(epoll, work, LibC.EPOLLIN | LibC.EPOLLET, WorkKey);
        if (added < 0)
        {
            foreach (int descriptor in (ReadOnlySpan<int>)[epoll, wake, work])
            {
                if (descriptor >= 0)
                {
                    LibC.Close(descriptor);
                }
            }

            throw SocketErrors.Exception(-added);
        }

        _epoll = new DescriptorUse(epoll);
        _wake = new DescriptorUse(wake);
        _work = new DescriptorUse(work);
    }

    /// <summary>How many sockets are registered.</summary>
    public int Sockets => _slots.Count;

    public List<LoopSocketStream> Streams => _slots.ToList();

    public bool IsStopping => _stopping;

    /// <summary>Whether events wait that no loop has taken yet.</summary>
    public bool HasEvents
    {
        get
        {
            if (!_epoll.TryEnter())
            {
                return false;
            }

            // An epoll is readable while it has events.
            bool found = LibC.IsReady(_epoll.Descriptor);
            _epoll.Exit();
            return found;
        }
    }

    /// <summary>From now on the stream is told of events, once for all its life.</summary>
    /// <returns>0, or the negated error number.</returns>
    public int Register(LoopSocketStream stream, int descriptor)
    {
        if (!_epoll.TryEnter())
        {
            return -LibC.EPIPE;
        }

        _slots.Add(stream);
        int result = LibC.EpollAdd(_epoll.Descriptor, descriptor, Interest, stream.SlotKey);
        _epoll.Exit();
        if (result < 0)
        {
            _slots.Remove(stream);
        }

        return result;
    }

    /// <summary>Events of the stream are dropped from now on; closing its descriptor ends them.</summary>
    public void Unregister(LoopSocketStream stream) => _slots.Remove(stream);

    /// <summary>Whom an event is for, if that is still there.</summary>
    public LoopSocketStream? Find(ulong key) => _slots.Find(key);

    /// <summary>Has one loop told that there is shared work.</summary>
    public void SignalWork()
    {
        if (_work.TryEnter())
        {
            LibC.Signal(_work.Descriptor);
            _work.Exit();
        }
    }

    /// <summary>A loop begins to be led: the epoll and what wakes it stay open until it calls <see cref="Exit"/>.</summary>
    public bool TryEnter()
    {
        if (!_wake.TryEnter())
        {
            return false;
        }

        if (_epoll.TryEnter())
        {
            return true;
        }

        _wake.Exit();
        return false;
    }

    public void Exit()
    {
        _epoll.Exit();
        _wake.Exit();
    }

    /// <summary>Waits for events; between <see cref="TryEnter"/> and <see cref="Exit"/>.</summary>
    /// <returns>How many there are, or the negated error number.</returns>
    public int Wait(byte* batch, int size) => LibC.EpollWait(_epoll.Descriptor, batch, size);

    /// <summary>Ends every loop after the callback that runs. The streams must be disposed by now.</summary>
    public void Stop()
    {
        _stopping = true;
        if (_wake.TryEnter())
        {
            // It stays readable, so every loop is told.
            LibC.Signal(_wake.Descriptor);
            _wake.Exit();
        }

        _epoll.Close();
        _wake.Close();
        _work.Close();
    }
}
