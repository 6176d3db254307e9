namespace Warmwire.Sockets;

/// <summary>An observer that is told of input while no read waits: see <see cref="SocketStream.InputWatcher"/>.</summary>
internal interface IInputWatcher
{
    void InputArrived();
}
