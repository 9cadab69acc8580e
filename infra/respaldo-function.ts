import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Deployment, deployedName, deploymentVariable } from '../core/deployed/deployment.js';
import { bundled, type Handler } from './bundle.js';
import { allow, type Right } from './rights.js';

export interface RespaldoFunctionProps {
  /** Of functions/<name>.lambda.ts. */
  readonly name: Handler;
  readonly description: string;
  readonly deployment: Deployment;
  readonly timeout: Duration;
  /** What it may do in AWS, beside writing its own log. */
  readonly rights: readonly Right[];
  /** Gets the calls that failed for good. */
  readonly deadLetters: IQueue;
}

/** One Lambda: the bundled handler, a role of its own, a log of its own, and a place for what it could not do. */
export class RespaldoFunction extends Construct {
  readonly lambda: LambdaFunction;
  /** Without the environment: `check`. */
  readonly name: Handler;

  constructor(scope: Construct, id: string, props: RespaldoFunctionProps) {
    super(scope, id);
    const { name, deployment, deadLetters } = props;
    this.name = name;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/respaldo/${deployment.environment}/${name}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    allow(role, props.rights);
    logGroup.grantWrite(role);
    this.lambda = new LambdaFunction(this, 'Function', {
      functionName: deployedName(deployment.environment, name),
      description: props.description,
      code: bundled(name),
      handler: `${name}.handler`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // A vault of 100,000 backups takes a third of it; the processor's share grows with it, so it costs nearly nothing.
      memorySize: 1024,
      timeout: props.timeout,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: {
        [deploymentVariable]: Stack.of(this).toJsonString(deployment),
        NODE_OPTIONS: '--enable-source-maps',
      },
      retryAttempts: 2,
      maxEventAge: Duration.hours(1),
      onFailure: new SqsDestination(deadLetters),
    });
  }
}
