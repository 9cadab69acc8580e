import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { taskFailureCodes } from '../../core/events.js';
import { alarmHeadings } from '../../core/runbook.js';
import { symbolic } from '../support/aws/iam.js';
import { least, resourcesOf, synthesize, template } from '../support/aws/stack.js';

// A synthesis takes seconds, on a machine that does much else a minute.
vi.setConfig({ testTimeout: 300_000 });

const prod = template();
const replicated = synthesize({
  env: 'copied',
  environments: { copied: { ...least, region: 'eu-west-1', vault: { replication: { region: 'eu-central-1' } } } },
});
const runbook = readFileSync('docs/runbook.md', 'utf8');
const headings = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);

describe('what fails is heard', () => {
  const alarms = Object.values({ prod, ...replicated }).flatMap((of) => resourcesOf(of, 'AWS::CloudWatch::Alarm'));

  it.each(alarms.map(([, { Properties }]) => Properties))(
    '$AlarmName leads to a heading of the runbook',
    ({ AlarmDescription }) => {
      const anchor = /#([\w-]+)$/.exec(String(AlarmDescription))?.[1];
      expect(headings.map((heading) => heading.toLowerCase().replaceAll(' ', '-'))).toContain(anchor);
    },
  );

  it.each([...Object.values(alarmHeadings), ...taskFailureCodes])('the runbook has a heading "%s"', (heading) => {
    expect(headings).toContain(heading);
  });

  it('an alarm for each way to fail', () => {
    expect(
      resourcesOf(prod, 'AWS::CloudWatch::Alarm')
        .map(([, { Properties }]) => Properties.AlarmName)
        .sort(),
    ).toEqual(
      [
        ...['database-too-old', 'database-halved', 'media-too-old', 'media-halved', 'task-failed', 'dead-letters'],
        ...['database-drill-failed', 'database-unproven', 'media-drill-failed', 'media-unproven'],
        ...['start-backup', 'restore', 'cleanup', 'check', 'task-stopped', 'start-drill'].map(
          (name) => `${name}-errors`,
        ),
      ]
        .map((name) => `respaldo-prod-${name}`)
        .sort(),
    );
  });

  it('a backup that is too old is told where the checker is dead, too', () => {
    const tooOld = alarms.map(([, { Properties }]) => Properties).filter(({ AlarmName }) => /too-old$/.test(AlarmName));
    expect(tooOld.map(({ Threshold }) => Threshold)).toEqual(expect.arrayContaining([26, 170]));
    for (const alarm of tooOld) expect(alarm).toMatchObject({ TreatMissingData: 'breaching', Period: 3600 });
  });

  it.each([
    { check: 'rate(15 minutes)', hours: 1 },
    { check: 'rate(6 hours)', hours: 6 },
    { check: 'cron(0 7 ? * MON-FRI *)', hours: 72 },
  ])('what a check has measured holds until the next one: $check', ({ check, hours }) => {
    const of = template({ env: 'x', environments: { x: { ...least, schedules: { check } } } });
    const measured = resourcesOf(of, 'AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) => Properties)
      .filter(({ Namespace, AlarmName }) => Namespace === 'Respaldo' && !AlarmName.endsWith('task-failed'));
    expect(
      measured.map(({ AlarmName, TreatMissingData, EvaluationPeriods, DatapointsToAlarm }) => [
        AlarmName,
        TreatMissingData,
        EvaluationPeriods,
        DatapointsToAlarm,
      ]),
    ).toEqual([
      ['respaldo-x-database-too-old', 'breaching', hours, hours],
      ['respaldo-x-database-drill-failed', 'notBreaching', hours, 1],
      ['respaldo-x-database-unproven', 'breaching', hours, hours],
      ['respaldo-x-database-halved', 'notBreaching', hours, 1],
    ]);
  });

  it('without a check there is no alarm that would go off by its silence, and a warning', () => {
    const warned = vi.spyOn(console, 'error').mockReturnValue();
    const of = template({ env: 'x', environments: { x: { ...least, schedules: { check: false } } } });
    const said = warned.mock.calls.map(([text]) => String(text)).join('');
    warned.mockRestore();
    const names = resourcesOf(of, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => String(Properties.AlarmName));
    expect(names.filter((name) => name.includes('database'))).toEqual([]);
    expect(said).toContain('schedules.check is false');
  });

  it('every alarm but the count of failed tasks tells people, once a change', () => {
    const silent = alarms
      .filter(([, { Properties }]) => !Properties.AlarmActions)
      .map(([, { Properties }]) => Properties.AlarmName);
    expect(silent.every((name) => /task-failed$/.test(name))).toBe(true);
  });

  it('each failure event is mailed with its reason', () => {
    const rule = resourcesOf(prod, 'AWS::Events::Rule').find(([, { Properties }]) =>
      Properties.EventPattern?.source?.includes('respaldo'),
    );
    expect(rule?.[1].Properties.EventPattern['detail-type']).toEqual([
      'Backup Failed',
      'Restore Failed',
      'Drill Failed',
    ]);
    expect(resourcesOf(prod, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties.Endpoint)).toEqual([
      'oncall@example.com',
    ]);
  });

  it.each(resourcesOf(prod, 'AWS::Lambda::EventInvokeConfig').map(([id, { Properties }]) => ({ id, ...Properties })))(
    '$id: a call that fails for good goes to the dead letters',
    ({ DestinationConfig, MaximumRetryAttempts }) => {
      expect(symbolic(DestinationConfig.OnFailure.Destination)).toMatch(/^<DeadLetters/);
      expect(MaximumRetryAttempts).toBe(2);
    },
  );
});
