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
  return `https://${region}.${consoleDomain(region)}/${service}/home?region=${region}`;
}

/** China and GovCloud have consoles of their own. A region that only the deployment knows is taken for one of the others. */
function consoleDomain(region: string): string {
  if (region.startsWith('cn-')) return 'console.amazonaws.cn';
  return region.startsWith('us-gov-') ? 'console.amazonaws-us-gov.com' : 'console.aws.amazon.com';
}

/** The console decodes what follows # twice, and writes % as $. */
function twice(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll('%', '$');
}
