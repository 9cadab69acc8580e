import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  CustomWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { functionLink, logGroupLink } from '../core/deployed/console-links.js';
import { type Deployment, deployedName } from '../core/deployed/deployment.js';
import { metricNames, metricNamespace, targetDimensions } from '../core/deployed/metrics.js';
import type { NamedSchedule } from '../core/schedules/schedules.js';
import type { RespaldoFunction } from './respaldo-function.js';

export interface RespaldoDashboardProps {
  readonly deployment: Deployment;
  readonly alarms: readonly Alarm[];
  /** Draws the report; see functions/widget.ts. */
  readonly widget: RespaldoFunction;
  /** What runs by itself, for the widget to show. */
  readonly schedules: readonly NamedSchedule[];
  /** What a GB costs a month, as BACKUP_PRICE_PER_GB_MONTH has it. */
  readonly prices: string | undefined;
}

/** One page: is all well, how old and how large are the backups, what failed, and where to restore. */
export class RespaldoDashboard extends Construct {
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, { deployment, alarms, widget, schedules, prices }: RespaldoDashboardProps) {
    super(scope, id);
    const { environment, logGroup } = deployment;
    this.dashboardName = deployedName(environment, 'backups');
    const dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: this.dashboardName,
      defaultInterval: Duration.days(35),
    });
    dashboard.addWidgets(new TextWidget({ markdown: links(deployment), width: 24, height: 2 }));
    dashboard.addWidgets(
      new CustomWidget({
        title: 'Are we safe?',
        functionArn: widget.lambda.functionArn,
        params: { schedules, ...(prices === undefined ? {} : { prices }) },
        updateOnRefresh: true,
        updateOnResize: false,
        updateOnTimeRangeChange: false,
        width: 24,
        height: 20,
      }),
    );
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 }));
    dashboard.addWidgets(
      new GraphWidget({
        title: 'Hours since the last good backup',
        left: targetMetrics(deployment, metricNames.age, Stats.MAXIMUM),
        leftYAxis: { min: 0 },
        width: 12,
      }),
      new GraphWidget({
        title: 'Bytes of the newest backup',
        left: targetMetrics(deployment, metricNames.bytes, Stats.MAXIMUM),
        leftYAxis: { min: 0 },
        width: 12,
      }),
    );
    if (deployment.targets.some(({ drilled }) => drilled)) {
      const drilled = { ...deployment, targets: deployment.targets.filter((target) => target.drilled) };
      dashboard.addWidgets(
        new GraphWidget({
          title: 'Hours since the newest proven backup',
          left: targetMetrics(drilled, metricNames.provenAge, Stats.MAXIMUM),
          leftYAxis: { min: 0 },
          width: 12,
        }),
        new GraphWidget({
          title: 'Seconds that a restore takes, and bytes a second, in drills',
          left: targetMetrics(drilled, metricNames.restoreSeconds, Stats.MAXIMUM),
          right: targetMetrics(drilled, metricNames.restoreRate, Stats.MAXIMUM),
          leftYAxis: { min: 0 },
          rightYAxis: { min: 0 },
          width: 12,
        }),
      );
    }
    dashboard.addWidgets(
      new LogQueryWidget({
        title: 'Warnings and errors of the tasks',
        logGroupNames: [logGroup],
        queryLines: ['fields @timestamp, code, msg, hint', 'filter level >= 40', 'sort @timestamp desc', 'limit 50'],
        width: 24,
        height: 6,
      }),
    );
  }
}

function links({ region, environment, logGroup, runbook }: Deployment): string {
  const restore = functionLink(region, deployedName(environment, 'restore'));
  const start = functionLink(region, deployedName(environment, 'start-backup'));
  return `**respaldo ${environment}**: [restore](${restore}) · [start a backup](${start}) · [log of the tasks](${logGroupLink(region, logGroup)}) · runbook: ${runbook}`;
}

function targetMetrics({ environment, targets }: Deployment, metricName: string, statistic: string): Metric[] {
  return targets.map(
    ({ kind, target }) =>
      new Metric({
        namespace: metricNamespace,
        metricName,
        dimensionsMap: Object.fromEntries(
          targetDimensions(environment, { kind, target }).map(({ Name, Value }) => [Name, Value]),
        ),
        label: target === '' ? kind : `${target} ${kind}`,
        statistic,
        period: Duration.hours(1),
      }),
  );
}
