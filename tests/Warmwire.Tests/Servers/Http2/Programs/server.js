// A server of Node's http2: files, uploads that it reads, and answers that do not wait for the request.
// Arguments: the port, and a folder that has files in the folder files.
const http2 = require('http2');
const fs = require('fs');

const files = process.argv[3] + '/files';
const small = fs.readFileSync(files + '/small');
const large = fs.readFileSync(files + '/large');

const server = http2.createServer();
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

  const file = path === '/large' ? large : small;
  stream.respond({ ':status': 200, 'content-length': file.length });
  stream.end(headers[':method'] === 'HEAD' ? undefined : file);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
