using System.Runtime.InteropServices;
using Warmwire.Cli.Outcomes;

namespace Warmwire.Cli.Processes;

/// <summary>
/// Standard output where it goes to a file or a pipe on Unix. .NET's own says nothing when the reader of a pipe is gone, so half a result
/// would look like a whole one.
/// </summary>
internal sealed partial class StandardOutputStream : Stream
{
    private const int Descriptor = 1;
    private const int Interrupted = 4;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Makes it this process's standard output, where that is needed.</summary>
    public static void Use()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            Console.SetOut(new StreamWriter(new StandardOutputStream()) { AutoFlush = true });
        }
    }

    /// <exception cref="CommandFailure">It cannot be written.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            nint written = WriteTo(Descriptor, in MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
            }
            else if (Marshal.GetLastPInvokeError() != Interrupted)
            {
                throw new CommandFailure(
                    $"standard output cannot be written: {Marshal.GetLastPInvokeErrorMessage()}", ExitCodes.CouldNotRun);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint WriteTo(int descriptor, in byte buffer, nint length);
}
