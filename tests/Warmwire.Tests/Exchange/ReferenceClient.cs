using System.Net;
using System.Text;
using Warmwire.Tests.Kit;

namespace Warmwire.Tests.Exchange;

/// <summary>.NET's own handler over scripted answers, for tests that compare with it. No socket is involved.</summary>
internal static class ReferenceClient
{
    public static SocketsHttpHandler Handler(Func<string, byte[]> answer, List<string>? requests = null) => new()
    {
        UseProxy = false,
        ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new ScriptedPeer(answer, requests ?? [])),
    };

    public static byte[] Response(string head, byte[]? body = null) =>
        [.. Encoding.Latin1.GetBytes(head.ReplaceLineEndings("\r\n") + "\r\n\r\n"), .. body ?? []];

    private sealed class ScriptedPeer(Func<string, byte[]> answer, List<string> requests) : Stream
    {
        private readonly SemaphoreSlim _answered = new(0);
        private readonly StringBuilder _received = new();
        private volatile MemoryStream? _response;
        private volatile bool _closed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!_closed)
            {
                if (_response is { } response)
                {
                    int read = response.Read(buffer.Span);
                    if (read != 0 || buffer.Length == 0)
                    {
                        return read;
                    }

                    _response = null;
                }

                await _answered.WaitAsync(cancellationToken);
            }

            return 0;
        }

        // Request bodies of these tests have a Content-Length.
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _received.Append(Encoding.Latin1.GetString(buffer.Span));
            string text = _received.ToString();
            int headEnd = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            int lengthAt = text.IndexOf("Content-Length: ", StringComparison.Ordinal);
            int length = lengthAt < 0 ? 0 : int.Parse(text[(lengthAt + 16)..text.IndexOf("\r\n", lengthAt, StringComparison.Ordinal)]);
            if (headEnd >= 0 && text.Length >= headEnd + 4 + length)
            {
                _received.Clear();
                requests.Add(text);
                _response = new MemoryStream(answer(text));
                _answered.Release();
            }

            return ValueTask.CompletedTask;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _closed = true;
            _answered.Release();
            base.Dispose(disposing);
        }
    }
}
