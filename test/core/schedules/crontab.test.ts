import { describe, expect, it } from 'vitest';
import { renderCrontab } from '../../../core/schedules/crontab.js';
import { respaldo } from '../../support/cli.js';

describe('the crontab', () => {
  it('has a line for each schedule, fit to paste', () => {
    expect(
      renderCrontab({
        program: ['/usr/bin/node', '--env-file=/etc/respaldo.env', '/opt/my backups/100%/respaldo.js'],
        path: '/usr/bin:/bin:/usr/bin',
        envFile: '/etc/respaldo.env',
        names: ['database', 'media', 'cleanup', 'check', 'drill'],
        kinds: ['database', 'media'],
      }),
    ).toBe(
      [
        '# respaldo. What fails is mailed by cron; set MAILTO to whom.',
        '# The settings stand in /etc/respaldo.env, a NAME=value a line, readable by this user alone.',
        'PATH=/usr/bin:/bin',
        "0 3 * * *    /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' backup --database",
        "0 4 * * 0    /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' backup --media",
        "0 5 * * 1    /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' cleanup",
        "15 * * * *   /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' check",
        "0 6 1 * *    /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' drill",
        "0 6 1 * *    /usr/bin/node --env-file=/etc/respaldo.env '/opt/my backups/100\\%/respaldo.js' drill --media",
      ].join('\n'),
    );
  });

  it.each([
    {
      name: 'a database alone',
      env: { DATABASE_URL: 'postgresql:///crm' },
      has: /backup --database/,
      lacks: /--media/,
    },
    {
      name: 'media alone',
      env: { MEDIA_ROOT: '/srv/media' },
      has: /backup --media[\s\S]*drill --media$/,
      lacks: /--database|drill$/m,
    },
    { name: 'nothing yet', env: {}, has: /backup --database[\s\S]*backup --media[\s\S]*drill\n/, lacks: /undefined/ },
  ])('of this machine, where its settings name $name', async ({ env, has, lacks }) => {
    const { stdout, exitCode } = await respaldo(['schedules', '--crontab'], env);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(has);
    expect(stdout).not.toMatch(lacks);
    expect(stdout).toMatch(/^0 5 \* \* 1 +\S*node --env-file=\/etc\/respaldo.env \S+respaldo\.js cleanup$/m);
  });

  it('of a file of settings that is still to be written', async () => {
    const { stdout, exitCode, stderr } = await respaldo(
      ['schedules', '--crontab', '--settings', '/nowhere/respaldo.env'],
      {},
    );
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^0 5 \* \* 1 +\S*node --env-file=\/nowhere\/respaldo\.env \S+respaldo\.js cleanup$/m);
  });

  it('asks which, where nothing is said', async () => {
    const { stderr, exitCode } = await respaldo(['schedules'], {});
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^ERROR USAGE: schedules: say which\nHINT: Give one of --crontab/);
  });
});
