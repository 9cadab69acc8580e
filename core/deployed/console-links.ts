// Links into AWS's web console, for people who read a message at three in the morning.

/** The log of one task. */
export function logStreamLink(region: string, logGroup: string, stream: string): string {
  return `${logGroupLink(region, logGroup)}/log-events/${twice(stream)}`;
}

export function logGroupLink(region: string, logGroup: string): string {
  return `${consoleUrl(region, 'cloudwatch')}#logsV2:log-groups/log-group/${twice(logGroup)}`;
}

export function dashboardLink(region: string, name: string): string {
  return `${consoleUrl(region, 'cloudwatch')}#dashboards/dashboard/${name}`;
}

/** Where a Lambda is invoked with a JSON that a person types. */
export function functionLink(region: string, name: string): string {
  return `${consoleUrl(region, 'lambda')}#/functions/${name}?tab=testing`;
}

function consoleUrl(region: string, service: string): string {
  return `https://${region}.console.aws.amazon.com/${service}/home?region=${region}`;
}

/** The console decodes what follows # twice, and writes % as $. */
function twice(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
}
