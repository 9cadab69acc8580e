/** Moto's account, and the region that the tests deploy into. */
export const account = '123456789012';
export const region = 'us-east-1';
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

/** For every SDK client that talks to moto itself. */
export function clientConfig(endpoint: string) {
  return { endpoint, region, credentials, maxAttempts: 2 };
}
