import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** What S3 would call the request: enough to choose which ones fail. */
export interface S3Call {
  readonly operation: string;
  readonly key: string;
  /** Of uploads. */
  readonly part: number | undefined;
  /** How many calls of this operation and key came before it. */
  readonly before: number;
}

/** One thing that goes wrong with one call. */
export type Fault =
  /** S3's own way to say no, such as 503 SlowDown. The call does not reach the server. */
  | { readonly answer: number; readonly code: string }
  /** An error inside of an answer with status 200, as CompleteMultipartUpload and CopyObject may give. */
  | { readonly answer: 200; readonly code: string }
  /** The connection is reset before anything is done. */
  | 'reset'
  /** The server does it; the answer is lost. */
  | 'lose the answer'
  /** Nothing ever comes. */
  | 'stall'
  /** The connection breaks, or falls silent, after so many bytes of the answer's body. */
  | { readonly resetAfter: number; readonly wrongEtag?: true }
  | { readonly stallAfter: number }
  /** The answer's last half is left out, and says that it is complete. */
  | 'cut short'
  | { readonly delay: number }
  /** One bit of what goes to the server, or of what is read from it, is flipped on its way. */
  | 'flip a bit'
  | 'wrong etag'
  /** What is not there is answered as what is forbidden: AWS, to whom may list only below a prefix. */
  | 'hide what is missing';

export interface S3Proxy {
  readonly endpoint: string;
  /** All that was asked, in order. */
  readonly calls: S3Call[];
  /** What goes wrong from now on. */
  fail(faults: (call: S3Call) => Fault | undefined): void;
}

/** A server before moto that breaks what a test wants broken, and passes the rest on. It ends with the test. */
export async function s3Proxy(upstream: string): Promise<S3Proxy> {
  let faults: (call: S3Call) => Fault | undefined = () => undefined;
  const calls: S3Call[] = [];
  const server = createServer((incoming, answer) => {
    const named = nameOf(incoming);
    const before = calls.filter(({ operation, key }) => operation === named.operation && key === named.key).length;
    const call = { ...named, before };
    calls.push(call);
    void serve(incoming, answer, upstream, faults(call)).catch(() => answer.destroy());
  });
  const port = await listen(server);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    fail: (chosen) => {
      faults = chosen;
    },
  };
}

function nameOf({ method = '', url = '' }: IncomingMessage): Omit<S3Call, 'before'> {
  const { pathname, searchParams: query } = new URL(url, 'http://proxy');
  const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  const part = query.has('partNumber') ? Number(query.get('partNumber')) : undefined;
  const has = (name: string) => query.has(name);
  const operations: Record<string, string> = {
    PUT: has('partNumber') ? 'UploadPart' : key === '' ? 'CreateBucket' : 'PutObject',
    POST: has('uploads') ? 'CreateMultipartUpload' : has('delete') ? 'DeleteObjects' : 'CompleteMultipartUpload',
    DELETE: has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject',
    HEAD: 'HeadObject',
    GET: has('uploads') ? 'ListMultipartUploads' : has('list-type') ? 'ListObjectsV2' : 'GetObject',
  };
  return { operation: operations[method] ?? method, key, part };
}

async function serve(
  incoming: IncomingMessage,
  answer: ServerResponse,
  upstream: string,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'reset') return void incoming.socket.resetAndDestroy();
  if (fault === 'stall') return void incoming.resume();
  const body = await bytesOf(incoming);
  if (typeof fault === 'object' && 'answer' in fault) return sayNo(answer, fault.answer, fault.code);
  if (typeof fault === 'object' && 'delay' in fault) await delay(fault.delay);
  if (fault === 'flip a bit') flip(body);
  if (!matchesMd5(incoming, body)) return sayNo(answer, 400, 'BadDigest');
  const { hostname, port } = new URL(upstream);
  const { method, url: path } = incoming;
  const outgoing = request({ hostname, port, method, path, headers: incoming.headers });
  outgoing.end(body);
  const [from] = (await once(outgoing, 'response')) as [IncomingMessage];
  if (fault === 'lose the answer') {
    await bytesOf(from);
    return void incoming.socket.resetAndDestroy();
  }
  if (fault === 'hide what is missing' && from.statusCode === 404) {
    from.resume();
    return sayNo(answer, 403, 'AccessDenied');
  }
  const headers = { ...from.headers };
  if (fault === 'wrong etag' || (typeof fault === 'object' && 'wrongEtag' in fault))
    headers.etag = `"${'0'.repeat(32)}"`;
  const whole = await bytesOf(from);
  if (fault === 'flip a bit') flip(whole);
  const shown = fault === 'cut short' ? whole.subarray(0, whole.length >> 1) : whole;
  if (method !== 'HEAD' && headers['content-length']) headers['content-length'] = String(shown.length);
  answer.writeHead(from.statusCode ?? 500, headers);
  const cut =
    typeof fault === 'object'
      ? 'resetAfter' in fault
        ? fault.resetAfter
        : 'stallAfter' in fault
          ? fault.stallAfter
          : undefined
      : undefined;
  if (cut === undefined || cut >= shown.length) return void answer.end(shown);
  await new Promise((resolve) => answer.write(shown.subarray(0, cut), resolve));
  await delay(50); // what was written is on its way
  if (typeof fault === 'object' && 'resetAfter' in fault) incoming.socket.resetAndDestroy();
}

function sayNo(answer: ServerResponse, status: number, code: string): void {
  answer.writeHead(status, { 'content-type': 'application/xml' });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>made up</Message></Error>`);
}

function flip(bytes: Buffer): void {
  const middle = bytes.length >> 1;
  if (bytes.length > 0) bytes[middle] = (bytes[middle] ?? 0) ^ 1;
}

/** Moto does not look at this header; S3 and its likes do. */
function matchesMd5({ headers }: IncomingMessage, body: Buffer): boolean {
  const expected = headers['content-md5'];
  return expected === undefined || createHash('md5').update(body).digest('base64') === expected;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface TcpFault {
  /** Bytes, both ways together, after which it happens. */
  readonly after: number;
  readonly what: 'reset' | 'stall' | 'close' | 'pause';
}

/** A way to a server that breaks, or falls silent for a second once. Which connection breaks is chosen by its number, counted from 0. It ends with the test. */
export async function tcpProxy(port: number, fault: (connection: number) => TcpFault | undefined): Promise<number> {
  let connections = 0;
  const server = createTcpServer((near) => {
    const broken = fault(connections);
    connections += 1;
    const far = connect(port, '127.0.0.1');
    let passed = 0;
    let paused = false;
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.end());
    const pass = (from: Socket, to: Socket) =>
      from.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (!broken || paused || passed <= broken.after) {
          if (to.write(chunk)) return;
          from.pause();
          to.once('drain', () => from.resume());
          return;
        }
        near.pause();
        far.pause();
        if (broken.what === 'pause' && !paused) {
          paused = true;
          void delay(1_000).then(() => {
            to.write(chunk);
            near.resume();
            far.resume();
          });
          return;
        }
        if (broken.what === 'reset') near.resetAndDestroy();
        if (broken.what === 'close') near.end();
      });
    pass(near, far);
    pass(far, near);
  });
  return listen(server);
}

/** What a {@link cuttingProxy} does when it hears its word. */
export type Cut = 'after it was done' | 'before it arrives' | 'as it arrives';

/**
 * A way to a server on which everything is cut in the moment that a client says a word, once: before the word arrives,
 * while the server is at work on it, or after the server has answered it; the answer is lost. New connections come through. It ends with the test.
 */
export async function cuttingProxy(
  port: number,
  word: string,
  cut: Cut,
): Promise<{ port: number; heard: () => number }> {
  const near = new Set<Socket>();
  let heard = 0;
  let silent: ReadonlySet<Socket> = new Set();
  const server = createTcpServer((client) => {
    near.add(client);
    const far = connect(port, '127.0.0.1');
    let isSpeaker = false;
    client.on('error', () => {}).on('close', () => far.destroy());
    client.on('close', () => near.delete(client));
    far.on('error', () => {}).on('close', () => client.destroy());
    client.on('data', (chunk: Buffer) => {
      if (heard === 0 && chunk.includes(word)) {
        heard += 1;
        isSpeaker = true;
        silent = new Set(near);
        if (cut === 'before it arrives') {
          for (const each of silent) each.resetAndDestroy();
          return;
        }
      }
      far.write(chunk, () => {
        if (isSpeaker && cut === 'as it arrives') for (const each of silent) each.resetAndDestroy();
      });
    });
    far.on('data', (chunk: Buffer) => {
      if (!silent.has(client)) client.write(chunk);
      else if (isSpeaker) for (const each of silent) each.resetAndDestroy();
    });
  });
  return { port: await listen(server), heard: () => heard };
}

/** Listens on a port of its own until the test has ended; then breaks what is still connected. */
async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
