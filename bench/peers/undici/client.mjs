// A client of the bench on undici's Pool.request, with HTTP/2 on one Client for each connection. It speaks the lines of
// Warmwire.Bench.Client: its arguments are a shape and name=value words, each "run seconds=3" on standard input is answered by
// one line of JSON.
import { createInterface } from 'node:readline';
import { Client, H2CClient, Pool } from 'undici';

const words = (list) => Object.fromEntries(list.filter((word) => word.includes('='))
    .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));

const settings = words(process.argv.slice(3));
const connections = Number(settings.connections);
const url = new URL(settings.url);
const path = url.pathname + url.search;
const body = Number(settings.body) > 0 ? Buffer.alloc(Number(settings.body)) : null;
const connect = { rejectUnauthorized: settings.insecure !== '1' };
const http2 = Number(settings.http2);
const dispatchers = http2 > 0 ? Array.from({ length: http2 }, http2Client)
    : [new Pool(url.origin, { connections, pipelining: 1, connect })];

// A Pool waits for events that an H2CClient does not send.
function http2Client() {
  const streams = { pipelining: connections / http2, maxConcurrentStreams: connections / http2 };
  return url.protocol === 'https:' ? new Client(url.origin, { ...streams, allowH2: true, connect }) : new H2CClient(url.origin, streams);
}

// The same buckets as Histogram.cs, in nanoseconds: 1/64 of their value wide.
const counts = new Float64Array(37 * 64);

function record(milliseconds) {
  const value = milliseconds * 1e6;
  if (value < 64) {
    counts[Math.max(0, Math.floor(value))]++;
    return;
  }
  const shift = Math.floor(Math.log2(value)) - 6;
  counts[shift * 64 + Math.floor(value / 2 ** shift)]++;
}

function microseconds(percent) {
  const rank = (percent / 100) * counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let index = 0; index < counts.length; index++) {
    seen += counts[index];
    if (counts[index] > 0 && seen >= rank) {
      if (index < 128) {
        return index / 1000;
      }
      const shift = Math.floor(index / 64) - 1;
      return ((index - shift * 64) * 2 ** shift + 2 ** shift / 2) / 1000;
    }
  }
  return 0;
}

async function run(seconds) {
  counts.fill(0);
  let requests = 0;
  let errors = 0;
  let bytes = 0;
  const before = process.resourceUsage();
  const start = performance.now();
  const deadline = start + seconds * 1000;

  async function work(_, index) {
    const dispatcher = dispatchers[index % dispatchers.length];
    let from = performance.now();
    while (from < deadline) {
      try {
        const response = await dispatcher.request({ path, method: body ? 'POST' : 'GET', body });
        if (settings.stream) {
          for await (const chunk of response.body) {
            bytes += chunk.length;
          }
        } else {
          bytes += (await response.body.arrayBuffer()).byteLength;
        }
        if (response.statusCode !== 200) {
          errors++;
        }
      } catch {
        if (++errors >= 100) {
          break;
        }
      }
      requests++;
      const to = performance.now();
      record(to - from);
      from = to;
    }
  }

  await Promise.all(Array.from({ length: connections }, work));
  const wall = performance.now() - start;
  const after = process.resourceUsage();
  console.log(JSON.stringify({
    requests,
    errors,
    bytes,
    wallUs: wall * 1000,
    userUs: after.userCPUTime - before.userCPUTime,
    systemUs: after.systemCPUTime - before.systemCPUTime,
    voluntary: after.voluntaryContextSwitches - before.voluntaryContextSwitches,
    involuntary: after.involuntaryContextSwitches - before.involuntaryContextSwitches,
    p50Us: microseconds(50),
    p99Us: microseconds(99),
    p999Us: microseconds(99.9),
  }));
}

settings.stream = process.argv[2] === 'download';
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  await run(Number(words(line.split(' ')).seconds));
}
process.exit(0);
