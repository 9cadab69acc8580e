import { OperatorError } from '../core/errors.js';
import { renderRestoreAnswer, renderTrouble } from '../core/report/view/widget.js';
import type { RestoreAnswer } from './restore.js';

/** What a restore answers, as HTML for the dashboard's widget; what a person did wrong too. */
export async function answerInWidget(answer: Promise<RestoreAnswer>, theme: string | undefined): Promise<string> {
  try {
    return describe(await answer, theme);
  } catch (error) {
    if (error instanceof OperatorError) return renderTrouble(error, theme);
    throw error;
  }
}

function describe(answer: RestoreAnswer, theme: string | undefined): string {
  if ('help' in answer) return renderRestoreAnswer('Restore', answer.help, undefined, theme);
  if ('started' in answer) {
    const { started, plan } = answer;
    return renderRestoreAnswer('The restore is running', [...plan, `Task: ${started.taskArn}`], started.log, theme);
  }
  const { plan, send } = answer;
  const next = send.confirm === undefined ? [] : [`To do it, "${send.confirm}" has to be typed. Nothing was changed.`];
  return renderRestoreAnswer('What a restore would do', [...plan, ...next], undefined, theme);
}
