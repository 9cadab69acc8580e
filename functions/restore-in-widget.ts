import type { WidgetCall } from '../core/deployed/restore-request.js';
import { OperatorError } from '../core/errors.js';
import { renderRestoreAnswer, renderTrouble } from '../core/report/view/widget.js';
import type { RestoreAnswer } from './restore.js';

/** What a restore answers, as HTML for the dashboard's widget; what a person did wrong too. */
export async function answerInWidget(answer: Promise<RestoreAnswer>, call: WidgetCall): Promise<string> {
  const { theme } = call;
  try {
    return describe(await answer, call);
  } catch (error) {
    if (error instanceof OperatorError) return renderTrouble(error, theme);
    throw error;
  }
}

function describe(answer: RestoreAnswer, { typed, theme }: WidgetCall): string {
  if ('help' in answer) return renderRestoreAnswer('Restore', answer.help, undefined, theme);
  if ('started' in answer) {
    const { started, plan } = answer;
    return renderRestoreAnswer('The restore is running', [...plan, `Task: ${started.taskArn}`], started.log, theme);
  }
  const { plan, send } = answer;
  const next = send.confirm === undefined ? [] : [`To do it, "${send.confirm}" has to be typed. Nothing was changed.`];
  const title = typed === undefined ? 'What a restore would do' : `Nothing was restored: "${typed}" is not its name`;
  return renderRestoreAnswer(title, [...plan, ...next], undefined, theme);
}
