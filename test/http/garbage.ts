/** Requests that are nearly right, and bytes that are none: the same for the same number. */
import type { Random } from '../../corpus/vocabulary/random.ts';

const ID = 'ab'.repeat(32);
const STEMS: readonly string[] = [
  'GET / HTTP/1.1\r\nHost: HOST\r\nAccept: text/html\r\n\r\n',
  'GET /api/v1/findings?model=v42-immap-read&limit=5&since=1 HTTP/1.1\r\nHost: HOST\r\nIf-None-Match: "a", W/"b"\r\n\r\n',
  `GET /api/v1/findings/${ID}/repro HTTP/1.1\r\nHost: HOST\r\nRange: bytes=0-9\r\n\r\n`,
  'GET /findings/abcdef HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nSec-Fetch-Site: same-origin\r\n\r\n',
  'GET /api/v1/events?since=0 HTTP/1.1\r\nHost: HOST\r\nLast-Event-ID: 1\r\n\r\n',
  'HEAD /metrics HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n',
  `POST /api/v1/campaign/stop HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer ${ID}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
  `POST /api/v1/campaign/pause HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer ${ID}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  'GET /livez HTTP/1.1\r\nHost: HOST\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n',
  'POST /api/v1/campaign/resume HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
  'CONNECT evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'GET /livez HTTP/1.0\r\nHost: HOST\r\n\r\n',
];
/** Where a parser may think that something ends, or begins. */
const PIECES: readonly string[] = [
  ...['\r\n', '\n', '\r', '\0', '\t', ' ', ':', '%', '%00', '%2e%2e%2f', '\\', '//', '?', '#', '&'],
  ...['\r\n\r\n', 'Host: evil.example\r\n', 'Content-Length: 99999999999\r\n', '__proto__', '\x7f'],
  ...['Content-Length: -1\r\n', 'Transfer-Encoding: chunked\r\n', 'ffffffff\r\n', '\xff\xfe', '=='],
  ...[
    'Expect: x\r\n',
    'X'.repeat(5000),
    '?a='.repeat(500),
    '\x16\x03\x01\x02\x00\x01\x00',
    '{"a":',
  ],
  ...['Cookie: a=b\r\n', 'Content-Encoding: gzip\r\n', 'HTTP/9.9', '\u2028', 'GET / HTTP/1.1\r\n'],
];

/** @param host what `Host` has to say to get beyond the door */
export function garbage(random: Random, host: string): Buffer {
  if (random.oneIn(12)) return noise(random, 1 + random.below(400));
  let text = random.pick(STEMS).replaceAll('HOST', host);
  if (random.oneIn(6)) text += random.pick(STEMS).replaceAll('HOST', host);
  for (let edits = random.below(4); edits > 0; edits--) text = edited(random, text);
  return Buffer.from(text, 'latin1');
}

function edited(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (random.below(5)) {
    case 0:
      return before + random.pick(PIECES) + after;
    case 1:
      return before + after.slice(1 + random.below(8));
    case 2:
      return before + String.fromCharCode(random.below(256)) + after.slice(1);
    case 3:
      return before;
    default: {
      const lines = text.split('\r\n');
      lines.splice(random.below(lines.length), 0, random.pick(lines));
      return lines.join('\r\n');
    }
  }
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}
