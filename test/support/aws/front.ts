import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { allows, type Statement } from './iam.js';
import { type HttpRequest, questionsOf, signedBy } from './requests.js';

export interface Front {
  readonly endpoint: string;
  /** What was asked for and not allowed: `respaldo-x-backup-database s3:ListBucket arn:…`. */
  readonly denied: string[];
  /** Every event that was published, newest last. */
  readonly events: readonly { readonly name: string; readonly detail: Readonly<Record<string, unknown>> }[];
  close(): Promise<void>;
}

export interface FrontOptions {
  /** Moto. */
  readonly behind: string;
  /** What each may do, by the access key that it signs with. Others may do anything. */
  readonly roles: ReadonlyMap<string, readonly Statement[]>;
  /** Called for each task that ECS started. */
  readonly onTask: (task: StartedTask) => void;
}

export interface StartedTask {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly createdAt: Date;
  readonly overrides?: { readonly containerOverrides?: readonly { readonly command?: readonly string[] }[] };
}

/**
 * Stands before moto and does what AWS does and moto does not: judges each request by the deployed policies of who signed
 * it, tells nobody of what is missing who may not list it, and lets a RunTask that is repeated with its token answer with
 * the task that it started.
 */
export async function openFront({ behind, roles, onTask }: FrontOptions): Promise<Front> {
  const denied: string[] = [];
  const events: { name: string; detail: Record<string, unknown> }[] = [];
  const tokens = new Map<string, { readonly body: string; readonly answer: Answer }>();

  const server = createServer((incoming, response) => {
    serve(incoming)
      .then((answer) => send(response, answer))
      .catch((error: unknown) => send(response, { status: 500, headers: {}, body: Buffer.from(String(error)) }));
  });

  async function serve(incoming: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = 'GET', headers } = incoming;
    const request: HttpRequest = {
      method,
      url: new URL(incoming.url ?? '/', behind),
      headers,
      body: Buffer.concat(chunks),
    };
    const signed = signedBy(request);
    const statements = signed && roles.get(signed.accessKey);
    if (signed && statements) {
      const refused = questionsOf(request, signed.service).filter((question) => !allows(statements, question));
      for (const { action, resource } of refused) denied.push(`${signed.accessKey} ${action} ${resource}`);
      if (refused.length > 0) return signed.service === 's3' ? deniedByS3 : deniedByJson;
    }
    const target = String(headers['x-amz-target'] ?? '');
    if (target.endsWith('.PutEvents')) return putEvents(request);
    if (target.endsWith('.RunTask')) return runTask(request);
    const answer = await pass(request, behind);
    return signed?.service === 's3' && statements && tellsTooMuch(request, answer, statements) ? deniedByS3 : answer;
  }

  /** Answered here: moto fails on the rule that leads to a topic. */
  function putEvents({ body }: HttpRequest): Answer {
    const { Entries } = JSON.parse(body.toString('utf8'));
    for (const { DetailType, Detail } of Entries) events.push({ name: DetailType, detail: JSON.parse(Detail) });
    return {
      status: 200,
      headers: {},
      body: Buffer.from(JSON.stringify({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] })),
    };
  }

  /** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html */
  async function runTask(request: HttpRequest): Promise<Answer> {
    const body = request.body.toString('utf8');
    const { clientToken, overrides } = JSON.parse(body);
    const known = tokens.get(clientToken);
    if (known) return known.body === body ? known.answer : { ...conflict, headers: {} };
    const answer = await pass(request, behind);
    tokens.set(clientToken, { body, answer });
    for (const { taskArn, taskDefinitionArn } of JSON.parse(answer.body.toString('utf8')).tasks ?? [])
      onTask({ taskArn, taskDefinitionArn, createdAt: new Date(), overrides });
    return answer;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    denied,
    events,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Of what is missing S3 says so only to whom may list the bucket, whatever the prefix; others hear what they would of
 * what they may not read. https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
function tellsTooMuch({ method, url }: HttpRequest, { status }: Answer, statements: readonly Statement[]): boolean {
  if (status !== 404 || !['GET', 'HEAD'].includes(method)) return false;
  const [, bucket = ''] = url.pathname.split('/');
  return !allows(statements, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const deniedByS3: Answer = {
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'),
};
const deniedByJson: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': 'AccessDeniedException' },
  body: Buffer.from('{"__type":"AccessDeniedException","message":"not authorized"}'),
};
const conflict: Answer = {
  status: 400,
  headers: {},
  body: Buffer.from(
    '{"__type":"ConflictException","message":"the token was used with other parameters","resourceIds":[]}',
  ),
};

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...rest } = headers;
  // An answer to HEAD has the length of a body that it has not.
  response.writeHead(status, body.length > 0 ? { ...rest, 'content-length': body.length } : headers);
  response.end(body);
}

function pass({ method, url, headers, body }: HttpRequest, behind: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { 'transfer-encoding': _, ...rest } = headers;
    const outgoing = forward(new URL(url.pathname + url.search, behind), { method, headers: rest }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 500, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
