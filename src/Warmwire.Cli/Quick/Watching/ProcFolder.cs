using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.InteropServices;
using System.Text;

namespace Warmwire.Cli.Quick.Watching;

/// <summary>Reads what <c>/proc</c> has about one process.</summary>
internal sealed class ProcFolder(int pid)
{
    private static readonly EnumerationOptions s_everything = new() { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
    private readonly string _path = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");

    /// <returns><see langword="null"/> if there is no such process.</returns>
    public ProcessStat? Stat()
    {
        try
        {
            return ProcessStat.Parse(File.ReadAllText($"{_path}/stat"));
        }
        catch (Exception error) when (IsGone(error))
        {
            return null;
        }
    }

    /// <summary>How many descriptors are open, the inodes of those that are sockets, and which are opened next.</summary>
    public (int Count, HashSet<long> Sockets, NextDescriptors Next) Descriptors()
    {
        int count = 0;
        var sockets = new HashSet<long>();
        var numbers = new HashSet<int>();
        string folder = $"{_path}/fd";
        var entries = new FileSystemEnumerable<string>(
            folder, static (ref FileSystemEntry entry) => entry.FileName.ToString(), s_everything);
        foreach (string entry in entries)
        {
            count++;
            if (int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                numbers.Add(number);
            }

            if (SocketInode(TargetOf(Encoding.UTF8.GetBytes($"{folder}/{entry}\0"))) is { } inode)
            {
                sockets.Add(inode);
            }
        }

        return (count, sockets, new NextDescriptors(pid, folder, numbers));
    }

    public SocketCensus Sockets(HashSet<long> own)
    {
        var census = new SocketCensus(own);
        foreach (string table in (ReadOnlySpan<string>)["net/tcp", "net/tcp6"])
        {
            string path = $"{_path}/{table}";
            if (File.Exists(path))
            {
                using var reader = new StreamReader(path, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, bufferSize: 64 * 1024);
                ReadLines(reader, census.Take);
            }
        }

        return census;
    }

    /// <summary>The inode of a link such as <c>socket:[123]</c>.</summary>
    public static long? SocketInode(string? target) =>
        target is not null
        && target.StartsWith("socket:[", StringComparison.Ordinal)
        && long.TryParse(target.AsSpan("socket:[".Length).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out long inode)
            ? inode
            : null;

    public static bool IsGone(Exception error) =>
        error is FileNotFoundException or DirectoryNotFoundException || (error is IOException && error.HResult == NoSuchProcess);

    /// <summary>ESRCH: of a file that was opened before the process ended.</summary>
    private const int NoSuchProcess = 3;

    /// <summary>Lines without a string for each of them.</summary>
    private static void ReadLines(TextReader reader, Action<ReadOnlySpan<char>> take)
    {
        char[] buffer = new char[64 * 1024];
        int kept = 0;
        while (reader.Read(buffer, kept, buffer.Length - kept) is var read and > 0)
        {
            Span<char> rest = buffer.AsSpan(0, kept + read);
            while (rest.IndexOf('\n') is var end and >= 0)
            {
                take(rest[..end]);
                rest = rest[(end + 1)..];
            }

            kept = rest.Length < buffer.Length ? rest.Length : 0; // a line that long is no socket
            rest[..kept].CopyTo(buffer);
        }

        take(buffer.AsSpan(0, kept));
    }

    /// <summary>
    /// One call of the system, where <see cref="FileSystemInfo.LinkTarget"/> makes three: there is one for each descriptor.
    /// </summary>
    /// <param name="link">Its path, which ends with a zero.</param>
    internal static string? TargetOf(byte[] link)
    {
        byte[] buffer = new byte[64]; // longer ones are no sockets
        long length = ReadLink(link, buffer, buffer.Length);
        return length > 0 ? Encoding.UTF8.GetString(buffer, 0, (int)length) : null; // otherwise it was closed since it was listed
    }

    [DllImport("libc", EntryPoint = "readlink")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReadLink(byte[] path, byte[] buffer, nint size);
}
