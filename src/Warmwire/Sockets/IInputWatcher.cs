namespace Warmwire.Sockets;

internal interface IInputWatcher
{
    void InputArrived();
}
