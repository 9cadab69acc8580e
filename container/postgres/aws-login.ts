import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Signer } from '@aws-sdk/rds-signer';
import * as z from 'zod';
import { messageOf, OperatorError } from '../../core/errors.js';

/**
 * What a Secrets Manager secret tells of a database, in RDS's shape. The secrets that RDS manages itself have user and
 * password alone. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
const secretSchema = z.object({
  username: z.string().min(1),
  password: z.string(),
  host: z.string().optional(),
  port: z.coerce.number().int().optional(),
  dbname: z.string().optional(),
});
export type DatabaseSecret = z.infer<typeof secretSchema>;

/** @throws OperatorError SECRET_UNREADABLE; it never holds any of the secret */
export async function readDatabaseSecret(arn: string): Promise<DatabaseSecret> {
  const region = /^arn:[^:]+:secretsmanager:([^:]+):/.exec(arn)?.[1];
  let text: string | undefined;
  try {
    const client = new SecretsManagerClient(region ? { region } : {});
    text = (await client.send(new GetSecretValueCommand({ SecretId: arn }))).SecretString;
  } catch (cause) {
    throw unreadable(arn, messageOf(cause), cause);
  }
  const parsed = secretSchema.safeParse(parseJson(text ?? ''));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join('.')).filter(Boolean);
  throw unreadable(
    arn,
    `it is not JSON in RDS’s shape${fields.length > 0 ? `: ${fields.join(', ')} missing or wrong` : ''}`,
  );
}

/** Makes the password of an RDS connection by IAM: a token that lasts 15 minutes and counts when the session begins. */
export function iamToken(hostname: string, port: number, username: string, region: string): () => Promise<string> {
  return async () => {
    try {
      return await new Signer({ hostname, port, username, region }).getAuthToken();
    } catch (cause) {
      throw new OperatorError(
        'SECRET_UNREADABLE',
        `no token to log in as "${username}" on ${hostname} could be made: ${messageOf(cause)}`,
        'Give the run AWS credentials: a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
        { cause },
      );
    }
  };
}

function unreadable(arn: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'SECRET_UNREADABLE',
    `secret ${arn} not read: ${why}`,
    'Correct BACKUP_DATABASE_SECRET_ARN, or give the run secretsmanager:GetSecretValue on it (and kms:Decrypt on its key).',
    { cause },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // told as a secret of another shape, without quoting it
  }
}
