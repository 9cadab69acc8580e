import { describe, expect, it } from 'vitest';
import { functionLink, logStreamLink } from '../../../core/deployed/console-links.js';

describe('links into the console', () => {
  it.each([
    { region: 'eu-west-1', host: 'eu-west-1.console.aws.amazon.com' },
    { region: 'cn-north-1', host: 'cn-north-1.console.amazonaws.cn' },
    { region: 'us-gov-west-1', host: 'us-gov-west-1.console.amazonaws-us-gov.com' },
  ])('of $region lead to $host', ({ region, host }) => {
    expect(functionLink(region, 'respaldo-prod-restore')).toBe(
      `https://${host}/lambda/home?region=${region}#/functions/respaldo-prod-restore?tab=testing`,
    );
  });

  it('name a stream as the console reads it: encoded twice, with $ for %', () => {
    expect(logStreamLink('eu-west-1', '/respaldo/prod/tasks', 'backup-database/respaldo/0123')).toBe(
      'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Frespaldo$252Fprod$252Ftasks/log-events/backup-database$252Frespaldo$252F0123',
    );
  });
});
