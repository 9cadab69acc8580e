import type { IncomingHttpHeaders } from 'node:http';
import { account, region } from './clients.js';
import type { Request } from './iam.js';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Signed {
  /** Who asks. */
  readonly accessKey: string;
  readonly service: string;
}

/** Reads who signed a request, and for which service: `Credential=KEY/20260115/us-east-1/s3/aws4_request`. */
export function signedBy({ headers }: HttpRequest): Signed | undefined {
  const [, accessKey, service] = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  return accessKey && service ? { accessKey, service } : undefined;
}

/** What IAM would be asked for a request: one question, or one for each object that is to be deleted. */
export function questionsOf(request: HttpRequest, service: string): Request[] {
  return service === 's3' ? objectQuestions(request) : [question(request, service)];
}

function question(request: HttpRequest, service: string): Request {
  const { headers, url, body } = request;
  const arn = (resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const operation = String(headers['x-amz-target'] ?? url.pathname).replace(/^.*[./]/, '');
  const json = () => JSON.parse(body.toString('utf8'));
  switch (service) {
    case 'ecs':
      return {
        action: `ecs:${operation}`,
        resource: arn(`task-definition/${json().taskDefinition}:1`),
        context: { 'ecs:cluster': arn(`cluster/${json().cluster}`) },
      };
    case 'events': {
      const [entry] = json().Entries;
      return {
        action: `events:${operation}`,
        resource: arn(`event-bus/${entry.EventBusName}`),
        context: { 'events:source': entry.Source },
      };
    }
    case 'logs':
      return {
        action: `logs:${operation}`,
        resource: arn(`log-group:${json().logGroupName}:log-stream:${json().logStreamName}`),
      };
    case 'secretsmanager':
      return { action: `secretsmanager:${operation}`, resource: json().SecretId };
    case 'scheduler': {
      const name = url.pathname.replace(/^\/schedules\/?/, '');
      return name === ''
        ? { action: 'scheduler:ListSchedules', resource: arn('schedule/*/*') }
        : { action: 'scheduler:GetSchedule', resource: arn(`schedule/${url.searchParams.get('groupName')}/${name}`) };
    }
    case 'monitoring':
      // The body may be CBOR, in which text stands as it is.
      return {
        action: `cloudwatch:${/Action=(\w+)/.exec(body.toString('latin1'))?.[1] ?? operation}`,
        resource: '*',
        context: { 'cloudwatch:namespace': body.includes('Respaldo') ? 'Respaldo' : '' },
      };
    default:
      return { action: `${service}:${operation}`, resource: '*' };
  }
}

function objectQuestions({ method, url, headers, body }: HttpRequest): Request[] {
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(decodeURIComponent(url.pathname)) ?? [];
  const query = url.searchParams;
  const onBucket = `arn:aws:s3:::${bucket}`;
  const on = (action: string, resource: string, context: Record<string, string> = {}) => ({
    action,
    resource,
    context,
  });
  if (key === '') {
    if (query.has('delete')) {
      const keys = [...body.toString('utf8').matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, each = '']) => each);
      return keys.map((each) => on('s3:DeleteObject', `${onBucket}/${each}`));
    }
    if (query.has('uploads')) return [on('s3:ListBucketMultipartUploads', onBucket)];
    return [on('s3:ListBucket', onBucket, { 's3:prefix': query.get('prefix') ?? '' })];
  }
  const object = `${onBucket}/${key}`;
  if (method === 'GET' || method === 'HEAD') return [on('s3:GetObject', object)];
  if (method === 'DELETE') return [on(query.has('uploadId') ? 's3:AbortMultipartUpload' : 's3:DeleteObject', object)];
  const creates = !query.has('partNumber') && !query.has('uploads');
  const condition = headers['if-none-match'];
  return [
    on('s3:PutObject', object, {
      's3:ObjectCreationOperation': String(creates),
      ...(condition ? { 's3:if-none-match': condition } : {}),
    }),
  ];
}
