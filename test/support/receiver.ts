// Somebody's web server that takes what is posted to it, refuses it, or does not answer, as the test says.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed. */
  readonly body: unknown;
}

export interface Receiver {
  readonly url: string;
  /** Every post, whatever it was answered. */
  readonly posts: readonly Received[];
  /** Those answered with 200. */
  readonly accepted: readonly Received[];
  /** A status, or undefined to never answer. */
  answerWith(answer: (post: Received) => number | undefined): void;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const posts: Received[] = [];
  const accepted: Received[] = [];
  let answer: (post: Received) => number | undefined = () => 200;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const post = { headers: request.headers, text, body: JSON.parse(text) as unknown };
      posts.push(post);
      const status = answer(post);
      if (status === undefined) return;
      if (status === 200) accepted.push(post);
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posts,
    accepted,
    answerWith: (next) => void (answer = next),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
