// The little HTTP the sandbox needs: bodies in, JSON out. A framework would cost a third of the throughput.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInputError } from '../../domain/errors.js';

/** Most bytes of one request body. */
const MAX_BODY_BYTES = 64 << 20;

export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** The caller went away within his request: there is nobody to answer. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** The parsed body; an `InvalidInputError` when it is not JSON. Its message never quotes the body. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request)).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidInputError([{ path: '', message: 'the body must be JSON' }]);
  }
}

export function answerJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  // As text it leaves with the head in one write.
  response.end(text);
}

/** JSON that is already bytes, in parts. */
export function answerBytes(response: ServerResponse, parts: readonly Buffer[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
  for (const part of parts) response.write(part);
  response.end();
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        request.removeAllListeners('data').resume();
        reject(new BodyTooLargeError(`the body must not exceed ${MAX_BODY_BYTES} bytes`));
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new ConnectionLostError()));
    request.on('close', () => {
      if (!request.complete) reject(new ConnectionLostError());
    });
  });
}
