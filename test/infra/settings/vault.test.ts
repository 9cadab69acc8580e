import { describe, it } from 'vitest';
import { expectOneLine } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

describe('retention and vault', () => {
  it.each([
    {
      name: 'a keep that cannot be read',
      settings: { ...least, retention: { keep: 'hourly=3' } },
      says: 'environments.prod.retention.keep="hourly=3": "hourly=3" is not one of daily=N, weekly=N, monthly=N, yearly=N',
    },
    {
      name: 'a lock longer than retention',
      settings: { ...least, retention: { days: 7 }, vault: { lockDays: 30 } },
      says: 'environments.prod.vault.lockDays=30: must not be longer than retention keeps: 7 days',
    },
    {
      name: 'infrequent access before 30 days',
      settings: { ...least, retention: { days: 365 }, vault: { transitions: [{ to: 'STANDARD_IA', afterDays: 7 }] } },
      says: 'environments.prod.vault.transitions[0].afterDays=7: must be 30 or more for STANDARD_IA',
    },
    {
      name: 'a class that retention removes before it pays',
      settings: { ...least, retention: { days: 40 }, vault: { transitions: [{ to: 'STANDARD_IA', afterDays: 30 }] } },
      says: /^environments\.prod\.vault\.transitions\[0\]\.afterDays=30: retention removes after 40 days, and STANDARD_IA bills 30 days at least/,
    },
    {
      name: 'a transition after the expiry',
      settings: { ...least, retention: { days: 60 }, vault: { transitions: [{ to: 'GLACIER_IR', afterDays: 90 }] } },
      says: /^environments\.prod\.vault\.transitions\[0\]\.afterDays=90: retention removes after 60 days/,
    },
    {
      name: 'transitions in the wrong order',
      settings: {
        ...least,
        retention: { days: 365 },
        vault: {
          transitions: [
            { to: 'GLACIER_IR', afterDays: 30 },
            { to: 'STANDARD_IA', afterDays: 90 },
          ],
        },
      },
      says: /^environments\.prod\.vault\.transitions\[1\]="STANDARD_IA after 90 days": must come 30 days or more after GLACIER_IR/,
    },
    {
      name: 'a copy without a region of its own',
      settings: { ...least, vault: { replication: { region: 'eu-central-1' } } },
      says: 'environments.prod.region: must be set where vault.replication is: a copy belongs in another region',
    },
    {
      name: 'a copy in the same region',
      settings: { ...least, region: 'eu-west-1', vault: { replication: { region: 'eu-west-1' } } },
      says: 'environments.prod.vault.replication.region="eu-west-1": must be another region than the vault’s',
    },
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
