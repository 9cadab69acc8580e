import { existsSync, readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { OperatorError, renderError } from '../core/errors.js';
import { buildApp } from './app.js';
import { assertUniqueKeys } from './settings/duplicate-keys.js';

/** Where the CDK has its context from; it starts this in the folder of it. */
const cdkJson = 'cdk.json';

const app = new App();
try {
  if (existsSync(cdkJson)) assertUniqueKeys(readFileSync(cdkJson, 'utf8'));
  buildApp(app, new Date());
  app.synth();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${renderError(error)}\n`);
  process.exit(error.exitCode);
}
