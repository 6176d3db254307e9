// A server of Node's http2: files, uploads that it reads, and answers that do not wait for the request.
// Arguments: the port, a folder that has files in the folder files, and the megabytes a connection may need.
const http2 = require('http2');
const fs = require('fs');

const files = process.argv[3] + '/files';
const small = fs.readFileSync(files + '/small');
const largeLength = fs.statSync(files + '/large').size;

const server = http2.createServer({ maxSessionMemory: Number(process.argv[4]) });
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const path = headers[':path'];
  if (path === '/upload') {
    let length = 0;
    stream.on('data', (data) => { length += data.length; });
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end(String(length));
    });
    return;
  }

  if (path.startsWith('/early/')) {
    stream.respond({ ':status': Number(path.substring('/early/'.length)) });
    stream.end('no');
    return;
  }

  const isLarge = path === '/large';
  stream.respond({ ':status': 200, 'content-length': isLarge ? largeLength : small.length });
  if (headers[':method'] === 'HEAD') {
    stream.end();
  } else if (isLarge) {
    fs.createReadStream(files + '/large').on('error', () => {}).pipe(stream);
  } else {
    stream.end(small);
  }
});
server.listen(Number(process.argv[2]), '127.0.0.1');
