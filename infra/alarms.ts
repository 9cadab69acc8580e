import { Duration, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type DeployedTarget, type Deployment, deployedName } from '../core/deployed/deployment.js';
import {
  type Dimension,
  environmentDimensions,
  metricNames,
  metricNamespace,
  targetDimensions,
} from '../core/deployed/metrics.js';
import { type AlarmName, alarmHeadings, runbookLink } from '../core/runbook.js';
import type { RespaldoFunction } from './respaldo-function.js';

export interface AlarmsProps {
  readonly deployment: Deployment;
  readonly functions: readonly RespaldoFunction[];
  readonly deadLetters: IQueue;
  /** Failed replications; undefined where nothing is replicated. */
  readonly replicationFailures: IMetric | undefined;
  readonly topic: ITopic;
}

/** Every way to fail that shows in a number. An alarm speaks when it changes, and its description leads to the runbook. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AlarmsProps,
  ) {
    super(scope, id);
    const { deployment, functions, deadLetters, replicationFailures } = props;
    const { checkHours } = deployment;
    if (checkHours === undefined) {
      Validations.of(this).addWarning(
        'respaldo:nobody-looks',
        `environments.${deployment.environment}.schedules.check is false: no alarm tells when backups are too old, shrink, or fail their drills`,
      );
    } else for (const target of deployment.targets) this.watchTarget(target, checkHours);
    // Tells nobody itself: each failure has sent a message of its own, with the reason.
    this.watch('taskFailed', 'task-failed', 'a task ended without what it was to do', {
      metric: measured(
        metricNames.failed,
        environmentDimensions(deployment.environment),
        Stats.SUM,
        Duration.minutes(5),
      ),
      threshold: 0,
    });
    for (const { lambda, name } of functions) {
      this.tellOf('lambdaErrors', `${name}-errors`, `the Lambda ${name} failed`, {
        metric: lambda.metricErrors({ period: Duration.minutes(5) }),
        threshold: 0,
      });
    }
    this.tellOf('deadLetters', 'dead-letters', 'a schedule, an event or a call did not get through', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: Stats.MAXIMUM,
      }),
      threshold: 0,
    });
    if (replicationFailures) {
      this.tellOf('replication', 'replication', 'backups were not copied to the other region', {
        metric: replicationFailures,
        threshold: 0,
      });
    }
  }

  /** What one check has measured holds until the next one. */
  private watchTarget(target: DeployedTarget, checkHours: number): void {
    const evaluationPeriods = Math.ceil(checkHours);
    const missingIsBad = {
      evaluationPeriods,
      datapointsToAlarm: evaluationPeriods,
      // No measurement: the check itself does not run. That is as bad.
      treatMissingData: TreatMissingData.BREACHING,
    };
    const onceIsEnough = { evaluationPeriods, datapointsToAlarm: 1 };
    const { environment } = this.props.deployment;
    const dimensions = targetDimensions(environment, target);
    const what = `${target.kind}${target.target === '' ? '' : `-${target.target}`}`;
    if (target.maxAgeHours !== undefined) {
      this.tellOf(
        'tooOld',
        `${what}-too-old`,
        `the newest good ${what} backup is older than ${target.maxAgeHours} h, or nobody looks`,
        {
          metric: measured(metricNames.age, dimensions, Stats.MAXIMUM, Duration.hours(1)),
          threshold: target.maxAgeHours,
          ...missingIsBad,
        },
      );
    }
    if (target.drilled) {
      this.tellOf('drill', `${what}-drill-failed`, `the last drill of a ${what} backup failed`, {
        metric: measured(metricNames.drillFailed, dimensions, Stats.MAXIMUM, Duration.hours(1)),
        threshold: 0,
        ...onceIsEnough,
      });
    }
    if (target.maxProvenAgeHours !== undefined) {
      const days = Math.round(target.maxProvenAgeHours / 24);
      this.tellOf('drill', `${what}-unproven`, `no ${what} backup of the last ${days} days is proven by a drill`, {
        metric: measured(metricNames.provenAge, dimensions, Stats.MAXIMUM, Duration.hours(1)),
        threshold: target.maxProvenAgeHours,
        ...missingIsBad,
      });
    }
    this.tellOf('halved', `${what}-halved`, `the newest ${what} backup has less than half the size of the one before`, {
      metric: measured(metricNames.size, dimensions, Stats.MINIMUM, Duration.hours(1)),
      threshold: 50,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      ...onceIsEnough,
    });
  }

  private tellOf(heading: AlarmName, name: string, what: string, props: Watched): void {
    const alarm = this.watch(heading, name, what, props);
    const action = new SnsAction(this.props.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }

  private watch(heading: AlarmName, name: string, what: string, props: Watched): Alarm {
    const { environment, runbook } = this.props.deployment;
    const alarm = new Alarm(this, name, {
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
      alarmName: deployedName(environment, name),
      alarmDescription: `respaldo ${environment}: ${what}. ${runbookLink(runbook, alarmHeadings[heading])}`,
    });
    this.all.push(alarm);
    return alarm;
  }
}

type Watched = Pick<AlarmProps, 'metric' | 'threshold'> & Partial<AlarmProps>;

function measured(metricName: string, dimensions: readonly Dimension[], statistic: string, period: Duration): Metric {
  return new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    statistic,
    period,
  });
}
