import type { Deployment } from '../../../core/deployed/deployment.js';

/** An environment as a Lambda is told of it: a database and media files. */
export const deployment: Deployment = {
  environment: 'prod',
  zone: 'UTC',
  region: 'eu-west-1',
  vault: { bucket: 'b', prefix: 'backups/' },
  bus: 'bus',
  cluster: 'respaldo-prod-tasks',
  logGroup: '/respaldo/prod/tasks',
  scheduleGroup: 'g',
  runbook: 'r',
  spot: false,
  network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], publicAddress: false },
  retention: {},
  targets: [
    { kind: 'database', target: '', replaces: 'crm', maxAgeHours: 26, drilled: true },
    { kind: 'media', target: '', replaces: '/media', maxAgeHours: 170, drilled: true },
  ],
};
