import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { execa } from 'execa';
import { clientConfig, credentials, region } from './clients.js';
import type { Deployed } from './deploy.js';

export type Answer = { readonly result: unknown; readonly error?: undefined } | { readonly error: string };

// As Lambda's runtime does: loads the handler once, calls it, and answers with what it returns or throws.
const runtime = `
  const [file, event, requestId] = process.argv.slice(1);
  const { handler } = await import(file);
  const answer = await handler(JSON.parse(event), { awsRequestId: requestId }).then(
    (result) => ({ result }),
    (error) => ({ error: error.message }),
  );
  process.stderr.write('\\nANSWER ' + JSON.stringify(answer) + '\\n');
`;

/**
 * Calls a deployed Lambda: its bundle as it was synthesized, in a process of its own, with the environment that it was
 * deployed with, as its own role.
 *
 * @param front what the handler sees as AWS
 */
export async function invoke(
  { out }: Deployed,
  moto: string,
  front: string,
  functionName: string,
  event: unknown,
  requestId = `${functionName}-${Math.round(performance.now())}`,
): Promise<Answer> {
  const lambda = new LambdaClient(clientConfig(moto));
  const { Environment, Handler = '' } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName }),
  );
  const file = bundleOf(out, Handler.replace(/\.handler$/, '.mjs'));
  const { stderr } = await execa(
    process.execPath,
    ['--input-type=module', '--eval', runtime, file, JSON.stringify(event), requestId],
    {
      env: {
        ...Environment?.Variables,
        AWS_ENDPOINT_URL: front,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: functionName,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
      extendEnv: false,
      reject: false,
      timeout: 120_000,
    },
  );
  const answer = /^ANSWER (.*)$/m.exec(stderr)?.[1];
  if (!answer) throw new Error(`${functionName} did not answer:\n${stderr}`);
  return JSON.parse(answer) as Answer;
}

function bundleOf(out: string, file: string): string {
  const folder = readdirSync(out).find((name) => name.startsWith('asset.') && filesOf(join(out, name)).includes(file));
  if (!folder) throw new Error(`no bundle ${file} in ${out}`);
  return join(out, folder, file);
}

function filesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // an asset that is a file
  }
}
