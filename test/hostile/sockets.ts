// What is no HTTP at all, or never becomes a whole request: bytes on a raw connection.
import { connect } from 'node:net';
import type { Random } from './random.js';

const HEAD = 'host: x\r\n';
const GIANT = 200_000;

/** By kind: what is written, piece by piece. */
const STREAMS: Readonly<Record<string, (random: Random) => readonly (string | Buffer)[]>> = {
  'random bytes on the wire': (random) => [random.bytes(1 + random.below(500))],
  'a broken request line': (random) => [
    random.pick([
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      ' / HTTP/1.1\r\n\r\n',
      'GET /\u0000 HTTP/1.1\r\n\r\n',
      '\r\n'.repeat(50),
      'GET / HTTP/1.1\r\r\r\r',
    ]),
  ],
  'a giant header': () => [`GET / HTTP/1.1\r\n${HEAD}x: ${'y'.repeat(GIANT)}\r\n\r\n`],
  'a giant path': () => [`GET /${'y'.repeat(GIANT)} HTTP/1.1\r\n${HEAD}\r\n`],
  'thousands of headers': () => [`GET / HTTP/1.1\r\n${HEAD}${'a: b\r\n'.repeat(5_000)}\r\n`],
  'broken headers': (random) => [
    `GET / HTTP/1.1\r\n${HEAD}${random.pick(['no colon', ': no name', 'a\u0000: b', ' folded: x', 'a: b\rc: d'])}\r\n\r\n`,
  ],
  'two lengths': () => [`POST /u/x HTTP/1.1\r\n${HEAD}content-length: 1\r\ncontent-length: 5\r\n\r\nabcde`],
  'length and chunks': () => [
    `POST /u/x HTTP/1.1\r\n${HEAD}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
  ],
  'broken chunks': (random) => [
    `POST /u/x HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\n${random.pick(['zz\r\nabc\r\n', 'ffffffffffffffff1\r\n', '-1\r\n', '5\r\nab'])}`,
  ],
  'a length that lies': (random) => [
    `POST /u/x HTTP/1.1\r\n${HEAD}content-length: ${random.pick(['-1', '999999999999', '1e3', '5'])}\r\n\r\nab`,
  ],
  'a body byte by byte': () => [`POST /u/x HTTP/1.1\r\n${HEAD}content-length: 40\r\n\r\n`, ...'List-Unsubscribe'],
  'an upgrade': () => [`GET / HTTP/1.1\r\n${HEAD}connection: upgrade\r\nupgrade: websocket\r\n\r\n`],
  'a tunnel': () => [`CONNECT example.com:443 HTTP/1.1\r\n${HEAD}\r\n`],
  'a pipeline': () => [`GET /healthz HTTP/1.1\r\n${HEAD}\r\n`.repeat(20)],
  'an old protocol': (random) => [random.pick(['GET /healthz\r\n', 'GET /healthz HTTP/1.0\r\n\r\n'])],
  'another protocol': () => ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
  silence: () => [],
};
const KINDS = Object.keys(STREAMS);
const BETWEEN_PIECES_MS = 2;
/** Then this end hangs up; nothing may be left of the connection. */
const PATIENCE_MS = 60;

export interface SocketOutcome {
  readonly kind: string;
  /** Statuses of whatever was answered. */
  readonly statuses: readonly number[];
}

export async function hostileSocket(random: Random, port: number): Promise<SocketOutcome> {
  const kind = random.pick(KINDS);
  const pieces = (STREAMS[kind] as (typeof STREAMS)[string])(random);
  const answer = await exchange(port, pieces);
  return { kind, statuses: [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((found) => Number(found[1])) };
}

function exchange(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    let isConnected = false;
    const timers: NodeJS.Timeout[] = [];
    socket.once('connect', () => {
      isConnected = true;
      pieces.forEach((piece, n) => timers.push(setTimeout(() => socket.write(piece), n * BETWEEN_PIECES_MS)));
      timers.push(setTimeout(() => socket.destroy(), pieces.length * BETWEEN_PIECES_MS + PATIENCE_MS));
    });
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    // A reset is an answer too; only a gateway that takes no connection is none.
    socket.on('error', (error) => (isConnected ? undefined : reject(error)));
    socket.once('close', () => {
      timers.forEach(clearTimeout);
      resolve(answer);
    });
  });
}
