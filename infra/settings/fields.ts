import { isIP } from 'node:net';
import * as z from 'zod';
import { isTypedName } from '../../core/postgres/name.js';
import { parsePrices } from '../../core/report/storage-use.js';
import { parseKeep } from '../../core/retention.js';
import { parseSchedule } from '../../core/schedules/schedules.js';
import { isTimeZone, meantTimeZone, similarTimeZone } from '../../core/schedules/time-zone.js';

// Kinds of values in cdk.json. Each message ends the line "path=value: …" and says what is allowed.

export function text(pattern: RegExp, allowed: string) {
  return z.string({ error: allowed }).regex(pattern, allowed);
}

export function whole(minimum: number, maximum: number, unit = '') {
  const allowed = `must be a whole number from ${minimum} to ${maximum}${unit}`;
  return z.int({ error: allowed }).min(minimum, allowed).max(maximum, allowed);
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

export const yesOrNo = z.boolean({ error: 'must be true or false' });

export function list<Item extends z.ZodType>(item: Item, minimum: number, allowed: string) {
  return z.array(item, { error: allowed }).min(minimum, allowed);
}

/** AWS refuses what is named twice, most of it after minutes or at three in the morning. */
export function listOfDifferent<Item extends z.ZodType>(item: Item, minimum: number, maximum: number, allowed: string) {
  return list(item, minimum, allowed)
    .max(maximum, allowed)
    .superRefine((values, context) => {
      for (const [index, value] of values.entries()) {
        if (values.indexOf(value) < index)
          context.addIssue({ code: 'custom', path: [index], message: 'stands there twice' });
      }
    });
}

function shownKey(key: string): string {
  return /^[\w-]{1,60}$/.test(key) ? key : `"${key.slice(0, 60)}"`;
}

/** An object in which every key must be known. */
export function group<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `unknown: ${(keys as string[]).map(shownKey).join(', ')}; allowed are ${Object.keys(shape).join(', ')}`
        : `must be an object with ${Object.keys(shape).join(', ')}`,
  });
}

function checked(check: (value: string) => string | undefined, allowed: string) {
  return z.string({ error: allowed }).superRefine((value, context) => {
    const message = check(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

function wrongSchedule(value: string): string | undefined {
  const parsed = parseSchedule(value);
  if (typeof parsed === 'string') return parsed;
  // Elsewhere more are read; AWS documents one.
  return /\(\s|\s\)|\s\s|[^\S ]/.test(value) ? 'must have one blank between its fields, and no other' : undefined;
}

/** A schedule's expression, or false to switch it off. */
export const schedule = z.union([z.literal(false), checked(wrongSchedule, '')], {
  error: ({ input }) => {
    const wrong = typeof input === 'string' ? wrongSchedule(input) : undefined;
    return wrong ?? 'must be like cron(0 3 * * ? *) or rate(1 hour), or false to switch it off';
  },
});

export const zone = checked((value) => {
  if (isTimeZone(value)) return undefined;
  const meant = meantTimeZone(value);
  return meant
    ? `is to be spelled ${meant} here`
    : `is no time zone of the IANA database; ${similarTimeZone(value)} is one`;
}, 'must be a name of the IANA database, like Europe/Madrid or UTC');

export const keep = checked((value) => {
  const parsed = parseKeep(value);
  return typeof parsed === 'string' ? parsed : undefined;
}, 'must be like daily=7,weekly=4,monthly=12');

export const prices = checked((value) => {
  const parsed = parsePrices(value);
  return typeof parsed === 'string' ? parsed : undefined;
}, 'must be like STANDARD=0.023,STANDARD_IA=0.0125 USD');

const arnPattern = (service: string, rest: RegExp) =>
  new RegExp(`^arn:aws(?:-cn|-us-gov|-iso[a-z-]*|-eusc)?:${service}:${rest.source}$`);
const arn = (service: string, rest: RegExp, example: string) =>
  text(arnPattern(service, rest), `must be like ${example}`);

/**
 * Whole: a right on an ARN without the six characters at its end is a right on no secret. Of the secrets that RDS manages
 * itself the names begin with `rds!`, a letter that nobody else may use there.
 */
export const secretArn = arn(
  'secretsmanager',
  /[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+-[A-Za-z0-9]{6}/,
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:crm-AbCdEf, with the six characters that Secrets Manager puts at its end',
);
const keyRest = /[a-z0-9-]+:\d{12}:key\/[\w-]+/;
const keyExample = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…';
export const keyArn = arn('kms', keyRest, keyExample);
export const encryption = text(
  new RegExp(`^(?:s3|kms)$|${arnPattern('kms', keyRest).source}`),
  `must be s3, kms, or the ARN of a key, like ${keyExample}`,
);
export const securityGroup = text(
  /^sg-[0-9a-f]{8,17}$/,
  'must be the id of a security group, like sg-0123456789abcdef0',
);
export const region = text(/^[a-z]{2,4}(?:-[a-z]+)+-\d$/, 'must be a region, like eu-west-1');
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
export const bucketName = text(
  /^(?!\d+(?:\.\d+){3}$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  'must be a bucket name: 3 to 63 of a-z, 0-9, . and -, no address and no two dots in a row',
);

const hostAllowed = 'must be a host name or an address alone; its port goes to "port"';
export const host = z
  .string({ error: hostAllowed })
  .max(253, hostAllowed)
  .refine((value) => isIP(value) !== 0 || /^(?!-)[\w-]{1,63}(?:\.(?!-)[\w-]{1,63})*\.?$/.test(value), hostAllowed);

const databaseAllowed = 'must be the name of a database: 1 to 63 bytes, without control characters';
/** PostgreSQL cuts longer names off, and then finds another database or none. */
export const databaseName = z.string({ error: databaseAllowed }).refine(isTypedName, databaseAllowed);

/** As SNS takes them: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html */
export const mailAddress = text(
  /^(?=.{3,254}$)[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/,
  'must be a mail address alone, like oncall@example.com',
);

export const imageName = text(
  /^[\w.-]+(?::\d+)?(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/,
  'must be an image with its registry, like 123456789012.dkr.ecr.eu-west-1.amazonaws.com/respaldo:1.0',
);
