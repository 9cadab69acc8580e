import type { Command } from 'commander';
import { commands } from '../../container/program.js';
import { type ExitName, errorCodes, exitCodes, exitMeanings } from '../../core/errors.js';
import { settingsSchema } from '../../core/settings.js';
import { costsPage } from './costs/page.js';

const note = '<!-- Made by "npm run docs" from the code; a test holds it equal. -->';

/** Every generated document, by its path. */
export function documents(): Readonly<Record<string, string>> {
  return { 'docs/settings.md': settingsPage(), 'docs/commands.md': commandsPage(), 'docs/costs.md': costsPage(note) };
}

function settingsPage(): string {
  const rows = Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined);
    const value = fallback.success ? fallback.data : undefined;
    const shown = value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${schema.description ?? ''} |`;
  });
  return `${note}
# Settings
Read from the environment, once, and checked together: a wrong one ends the run with exit code 2 and names every problem. An empty variable counts as unset. libpq's own variables (\`PGHOST\`, \`PGPORT\`, \`PGUSER\`, \`PGPASSWORD\`, \`PGPASSFILE\`, \`PGDATABASE\`, \`PGSSLMODE\`, \`PGSSLROOTCERT\`, \`PGSSLCERT\`, \`PGSSLKEY\`, \`PGOPTIONS\`) name the database where \`DATABASE_URL\` does not.

| setting | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

function commandsPage(): string {
  const root = commands({
    start: () => Promise.reject(new Error('no command is run here')),
    print: () => {},
    exitWith: () => {},
  });
  const exits = Object.entries(exitCodes).map(([name, code]) => {
    const errors = Object.entries(errorCodes).flatMap(([error, exit]) => (exit === name ? [`\`${error}\``] : []));
    return `| ${code} | ${exitMeanings[name as ExitName]} | ${errors.join(' ')} |`;
  });
  return `${note}
# Commands
\`npx respaldo <command>\` in a checkout after \`npm ci\`; in the image, the command alone. Results go to standard output, everything else to standard error.

| option of every command | meaning |
|---|---|
${root.options.map(optionRow).join('\n')}

${root
  .createHelp()
  .visibleCommands(root)
  .filter((command) => command.name() !== 'help')
  .map(commandSection)
  .join('\n')}
## Exit codes
| code | meaning | errors that end in it, each with a heading in the [runbook](runbook.md) |
|---|---|---|
${exits.join('\n')}
`;
}

function commandSection(command: Command): string {
  const operands = command.registeredArguments.map((argument) => ` [${argument.name()}]`).join('');
  const described = command.registeredArguments.map(
    (argument) => `| \`${argument.name()}\` | ${argument.description} |`,
  );
  return `## ${command.name()}${operands}
${command.description()}

| option | meaning |
|---|---|
${[...described, ...command.options.map(optionRow)].join('\n')}
`;
}

function optionRow({ flags, description, argChoices }: Command['options'][number]): string {
  const choices = argChoices ? `: ${argChoices.join(', ')}` : '';
  return `| \`${flags.replaceAll('|', '\\|')}\` | ${description}${choices} |`;
}
