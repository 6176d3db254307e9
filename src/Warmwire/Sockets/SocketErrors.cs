using System.Net.Sockets;
using Warmwire.Diagnostics;

namespace Warmwire.Sockets;

/// <summary>The failures of Linux system calls as .NET names them. The numbers are those of x64 and arm64.</summary>
internal static class SocketErrors
{
    public static SocketError Of(int error) => error switch
    {
        LibC.EPERM or LibC.EACCES => SocketError.AccessDenied,
        2 /* ENOENT */ => SocketError.AddressNotAvailable,
        LibC.EINTR => SocketError.Interrupted,
        6 /* ENXIO */ => SocketError.HostNotFound,
        9 /* EBADF */ => SocketError.OperationAborted,
        LibC.EAGAIN => SocketError.WouldBlock,
        14 /* EFAULT */ => SocketError.Fault,
        22 /* EINVAL */ => SocketError.InvalidArgument,
        23 /* ENFILE */ or 24 /* EMFILE */ => SocketError.TooManyOpenSockets,
        LibC.EPIPE => SocketError.Shutdown,
        61 /* ENODATA */ => SocketError.NoData,
        88 /* ENOTSOCK */ => SocketError.NotSocket,
        89 /* EDESTADDRREQ */ => SocketError.DestinationAddressRequired,
        90 /* EMSGSIZE */ => SocketError.MessageSize,
        91 /* EPROTOTYPE */ => SocketError.ProtocolType,
        92 /* ENOPROTOOPT */ => SocketError.ProtocolOption,
        93 /* EPROTONOSUPPORT */ => SocketError.ProtocolNotSupported,
        94 /* ESOCKTNOSUPPORT */ => SocketError.SocketNotSupported,
        95 /* EOPNOTSUPP */ => SocketError.OperationNotSupported,
        96 /* EPFNOSUPPORT */ => SocketError.ProtocolFamilyNotSupported,
        97 /* EAFNOSUPPORT */ => SocketError.AddressFamilyNotSupported,
        98 /* EADDRINUSE */ => SocketError.AddressAlreadyInUse,
        99 /* EADDRNOTAVAIL */ => SocketError.AddressNotAvailable,
        100 /* ENETDOWN */ => SocketError.NetworkDown,
        101 /* ENETUNREACH */ => SocketError.NetworkUnreachable,
        102 /* ENETRESET */ => SocketError.NetworkReset,
        103 /* ECONNABORTED */ => SocketError.ConnectionAborted,
        104 /* ECONNRESET */ => SocketError.ConnectionReset,
        105 /* ENOBUFS */ or 12 /* ENOMEM */ => SocketError.NoBufferSpaceAvailable,
        106 /* EISCONN */ => SocketError.IsConnected,
        107 /* ENOTCONN */ => SocketError.NotConnected,
        108 /* ESHUTDOWN */ => SocketError.Disconnecting,
        110 /* ETIMEDOUT */ => SocketError.TimedOut,
        111 /* ECONNREFUSED */ => SocketError.ConnectionRefused,
        112 /* EHOSTDOWN */ => SocketError.HostDown,
        113 /* EHOSTUNREACH */ => SocketError.HostUnreachable,
        114 /* EALREADY */ => SocketError.AlreadyInProgress,
        LibC.EINPROGRESS => SocketError.InProgress,
        125 /* ECANCELED */ => SocketError.OperationAborted,
        _ => SocketError.SocketError,
    };

    public static SocketException Exception(int error) => new((int)Of(error));

    public static IOException ReadFailed(int error) => ReadFailed(Exception(error));

    public static IOException WriteFailed(int error) => WriteFailed(Exception(error));

    /// <summary>The stream was disposed under a read that waited.</summary>
    public static IOException ReadAborted() => ReadFailed(new SocketException((int)SocketError.OperationAborted));

    /// <summary>The stream was disposed under a write that waited.</summary>
    public static IOException WriteAborted() => WriteFailed(new SocketException((int)SocketError.OperationAborted));

    private static IOException ReadFailed(SocketException inner) => new(SocketTexts.ReadFailed(inner), inner);

    private static IOException WriteFailed(SocketException inner) => new(SocketTexts.WriteFailed(inner), inner);
}
