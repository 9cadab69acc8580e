/** Each word of a test row's command line; none has spaces of its own. */
export const words = (line: string) => line.split(' ').filter(Boolean);
/** What a person gets to read: one message with its next step. */
export const oneMessage = /^ERROR \w+: [^\n]+\nHINT: [A-Z“"]?[^\n]+\.$/i;
/** A server that would tell on a command that goes on: it is not there. */
export const nowhere = { DATABASE_URL: 'postgresql://me@127.0.0.1:1/crm' };
