import { App } from 'aws-cdk-lib';
import { OperatorError, renderError } from '../core/errors.js';
import { buildApp } from './app.js';

const app = new App();
try {
  buildApp(app, new Date());
  app.synth();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${renderError(error)}\n`);
  process.exit(error.exitCode);
}
